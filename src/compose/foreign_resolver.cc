#include "compose/foreign_resolver.h"

#include "compose/plan_context.h"

namespace syncline::compose {

namespace {

constexpr size_t kKeysMax = 250;  // in one query

std::vector<std::string> ids_of(std::vector<index::FoundDocument> documents) {
  std::vector<std::string> ids;
  ids.reserve(documents.size());
  for (index::FoundDocument& document : documents) ids.push_back(std::move(document.id));
  return ids;
}

}  // namespace

ForeignResolver::~ForeignResolver() {
  end_scroll();
}

void ForeignResolver::end_scroll() {
  if (!scroll_id_.empty()) context_.admin.end_scroll(scroll_id_);
  scroll_id_.clear();
}

Result<ForeignResolver::Query> ForeignResolver::query_of(const Member& property,
                                                         std::span<const std::string> keys) {
  const std::string& path = property.config.spec.compare_target;
  SYNCLINE_ASSIGN(const auto field, context_.documents.field(path));
  // A search sees only what was there at the last refresh.
  SYNCLINE_RETURN_IF_ERROR(context_.admin.refresh());
  return Query{index::matching_query(path, field, {keys.begin(), keys.end()}),
               index::unindexed_query(path, field)};
}

Result<std::optional<ResolvedPage>> ForeignResolver::all(const Member& property,
                                                         std::span<const std::string> keys,
                                                         size_t max) {
  if (context_.index_is_missing) return std::optional(ResolvedPage());
  if (keys.size() > kKeysMax) return std::optional<ResolvedPage>();
  SYNCLINE_ASSIGN(const Query query, query_of(property, keys));
  auto found = context_.admin.begin_scroll(query.matching, -1, max + 1);
  if (!found.ok() && found.error().action == Action::park) {
    // A value that the field cannot hold: found by asking for fewer.
    if (keys.size() > 1) return std::optional<ResolvedPage>();
    if (!query.unindexed) return std::optional(ResolvedPage());
    found = context_.admin.begin_scroll(*query.unindexed, -1, max + 1);
  }
  if (!found.ok()) return std::move(found).error();
  context_.admin.end_scroll(found->scroll_id);
  if (found->documents.size() > max) return std::optional<ResolvedPage>();
  ResolvedPage page;
  page.ids = ids_of(std::move(found->documents));
  return std::optional(std::move(page));
}

Result<ResolvedPage> ForeignResolver::page(const Member& property, const std::string& key,
                                           const std::string& resume) {
  ResolvedPage page;
  if (context_.index_is_missing) return page;
  index::IndexAdmin::ScrollPage found;
  if (!resume.empty() && resume == scroll_id_) {
    SYNCLINE_ASSIGN(found, context_.admin.next_page(resume));
  } else {
    end_scroll();
    SYNCLINE_ASSIGN(const Query query, query_of(property, std::span(&key, 1)));
    auto begun = context_.admin.begin_scroll(query.matching, -1, index::IndexAdmin::kIdsMax);
    if (!begun.ok() && begun.error().action == Action::park) {
      if (!query.unindexed) return page;
      begun = context_.admin.begin_scroll(*query.unindexed, -1, index::IndexAdmin::kIdsMax);
    }
    if (!begun.ok()) return std::move(begun).error();
    found = *std::move(begun);
  }
  scroll_id_ = found.scroll_id;
  page.ids = ids_of(std::move(found.documents));
  if (page.ids.empty()) {
    end_scroll();
  } else {
    page.resume = scroll_id_;
  }
  return page;
}

}  // namespace syncline::compose
