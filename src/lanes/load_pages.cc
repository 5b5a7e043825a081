#include "lanes/load_pages.h"

#include <charconv>
#include <map>
#include <string_view>
#include <utility>

#include "compose/document_writer.h"
#include "lanes/bulk_outcome.h"

namespace syncline::lanes {

namespace {

constexpr size_t kBodyBytes = 5 << 20;
constexpr size_t kBodySlack = 64 << 10;
constexpr size_t kPageIds = 1000;
constexpr size_t kPageBytesMax = size_t{1} << 20;   // of ids or keys
constexpr size_t kLargeRowBytes = size_t{1} << 20;  // is weighed before it is written
constexpr size_t kResolvedMax = 10'000;  // documents that some values of a property touch together

int64_t block_of(std::string_view ctid) {
  int64_t block = 0;
  std::from_chars(ctid.data() + 1, ctid.data() + ctid.size(), block);
  return block;
}

}  // namespace

LoadPages::LoadPages(compose::PlanContext& context, const LoadInterrupts& interrupts,
                     LoadBodies& bodies)
    : context_(context),
      bodies_(bodies),
      composer_(compose::make_composer(context, interrupts.stop)),
      resolver_(compose::make_resolver(context, interrupts.stop)) {}

void LoadPages::begin(const compose::Member& member, Rows rows, int64_t version,
                      const LoadCheckpoint::Reached& from) {
  copy_ = {&member, &context_.shape.node_of(member), rows, version, from,
           from,    from.rows_before_block};
  page_ = {};
  begin_body();
}

// With its room at once: growing by doubling would hold, and copy, twice as much.
void LoadPages::begin_body() {
  builder_.begin(copy_.version, context_.clock.now());
  if (direct()) builder_.bytes().reserve(kBodyBytes + kBodySlack);
}

bool LoadPages::full() const {
  return builder_.size_bytes() >= kBodyBytes || page_.keys.size() >= kPageIds ||
         page_.bytes >= kPageBytesMax;
}

Status LoadPages::take(const postgres::Session::CopyLine& line) {
  const auto& queries = *copy_.member->queries;
  const size_t columns = 1 + (direct() ? queries.row_size() : queries.link_size());
  if (!row_.split(line.data, line.size, columns))
    return Error::bug("a COPY line has another number of columns");
  const int64_t block = block_of(*row_.fields()[0]);
  if (block != copy_.read.block) copy_.read = {block, copy_.rows_read};
  ++copy_.rows_read;
  if (direct()) return write_row(line.size);
  auto key = copy_.member->key_of(row_.fields().subspan(1));
  if (key && page_.distinct.insert(*key).second) page_.add(*std::move(key));
  return {};
}

Status LoadPages::write_row(size_t line_bytes) {
  const auto values = row_.fields().subspan(1);
  auto id = copy_.member->codec->encode(values.first(copy_.member->queries->link_size()));
  if (!id) return {};
  bool fits = document::BulkBuilder::id_is_sendable(*id);
  if (line_bytes > kLargeRowBytes) {
    const size_t bound = compose::document_bound(*copy_.node, values);
    fits = fits && bound < compose::kDocumentJsonBytesMax;
    if (fits && builder_.size_bytes() + bound > kBodyBytes) {
      SYNCLINE_RETURN_IF_ERROR(flush_body());
      builder_.bytes().reserve(bound + kBodySlack);
    }
  }
  if (fits) {
    builder_.begin_document(*id);
    compose::open_document(*copy_.node, values, builder_.bytes());
    if (builder_.end_document()) return {};
  }
  page_.add(*std::move(id));  // the composer says why it is parked
  return {};
}

Status LoadPages::flush() {
  SYNCLINE_RETURN_IF_ERROR(compose_page());
  return flush_body();
}

// Documents whose rows must be looked up: several members, or several rows for one id.
Status LoadPages::compose_page() {
  if (copy_.member->is_found_by_value()) {
    SYNCLINE_RETURN_IF_ERROR(compose_keys(*copy_.member, page_.keys));
  } else {
    SYNCLINE_RETURN_IF_ERROR(compose_ids(page_.keys));
  }
  page_ = {};
  copy_.before_page = copy_.read;
  return {};
}

Status LoadPages::compose_ids(std::span<const std::string> ids) {
  while (!ids.empty()) {
    SYNCLINE_ASSIGN(compose::Composition composition, composer_->compose(ids));
    const auto unsent = park_unsendable(context_, composition);
    if (!unsent.ok()) return unsent.error();
    // Of the page's bodies none is the last one for sure.
    if (!composition.body.items.empty())
      SYNCLINE_RETURN_IF_ERROR(bodies_.submit(std::move(composition.body), copy_.before_page));
    if (!composition.again.empty()) SYNCLINE_RETURN_IF_ERROR(compose_ids(composition.again));
    ids = ids.subspan(composition.documents);
  }
  return {};
}

// All documents that these values of a property touch: together while they are few.
Status LoadPages::compose_keys(const compose::Member& property, std::span<const std::string> keys) {
  if (keys.empty()) return {};
  if (bodies_.stopping()) return Error::stop();
  SYNCLINE_ASSIGN(const auto page, resolver_->all(property, keys, kResolvedMax));
  if (page) return compose_resolved(*page);
  if (keys.size() == 1) return compose_key_by_pages(property, keys.front());
  const size_t half = keys.size() / 2;
  SYNCLINE_RETURN_IF_ERROR(compose_keys(property, keys.first(half)));
  return compose_keys(property, keys.subspan(half));
}

Status LoadPages::compose_key_by_pages(const compose::Member& property, const std::string& key) {
  std::string resume;
  for (;;) {
    SYNCLINE_ASSIGN(const compose::ResolvedPage page, resolver_->page(property, key, resume));
    SYNCLINE_RETURN_IF_ERROR(compose_resolved(page));
    if (!page.resume) return {};
    if (bodies_.stopping()) return Error::stop();
    resume = *page.resume;
  }
}

Status LoadPages::compose_resolved(const compose::ResolvedPage& page) {
  const std::set<std::string> distinct(page.ids.begin(), page.ids.end());
  SYNCLINE_RETURN_IF_ERROR(compose_ids(std::vector(distinct.begin(), distinct.end())));
  // Further properties, as deep as they compare with one another.
  std::map<const compose::Member*, std::vector<std::string>> keys;
  for (const auto& [property, key] : page.keys) keys[property].push_back(key);
  for (const auto& [property, own] : keys) SYNCLINE_RETURN_IF_ERROR(compose_keys(*property, own));
  return {};
}

Status LoadPages::flush_body() {
  if (builder_.empty()) return bodies_.take_answers();
  BulkBody body = builder_.take();
  body.read_at = context_.clock.now();
  SYNCLINE_RETURN_IF_ERROR(bodies_.submit(std::move(body), copy_.read));
  begin_body();
  return {};
}

}  // namespace syncline::lanes
