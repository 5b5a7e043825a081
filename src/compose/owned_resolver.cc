#include "compose/owned_resolver.h"

#include <charconv>

#include "compose/plan_context.h"
#include "document/compare_value.h"

namespace syncline::compose {

namespace {

constexpr size_t kPageRows = 10'000;  // in order; a page costs the database one sort of them all

std::vector<std::string> texts_of(const Host& host, std::span<const std::string> keys) {
  std::vector<std::string> texts;
  for (const std::string& key : keys) {
    if (auto text = document::text_of_key(*host.type, key)) texts.push_back(*std::move(text));
  }
  return texts;
}

// "host:link": up to which link of which host all is done.
std::string make_resume(size_t host, const std::vector<std::string>& link) {
  std::string text = std::to_string(host) + ":";
  if (link.empty()) return text;
  return text + (link.size() == 1 ? link.front() : postgres::Session::array_literal(link));
}

struct Resume {
  size_t host = 0;
  std::vector<std::string> link;
};

Resume parse_resume(const std::string& text, const std::vector<Host>& hosts) {
  Resume resume;
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return resume;
  std::from_chars(text.data(), text.data() + colon, resume.host);
  if (resume.host >= hosts.size() || colon + 1 == text.size()) return resume;
  const size_t parts = hosts[resume.host].pages.link_size();
  if (auto link =
          document::DocumentIdCodec::split_key(std::string_view(text).substr(colon + 1), parts))
    resume.link = *std::move(link);
  return resume;
}

std::vector<std::string> link_texts(const postgres::Rows& rows, int row, size_t columns) {
  std::vector<std::string> link;
  for (size_t i = 0; i < columns; ++i) link.push_back(rows.text(row, static_cast<int>(i)));
  return link;
}

}  // namespace

void OwnedResolver::take(const Member& host, const postgres::Rows& rows, ResolvedPage& page) const {
  std::vector<std::optional<std::string_view>> link(host.link.size());
  for (int row = 0; row < rows.size(); ++row) {
    for (size_t i = 0; i < link.size(); ++i) link[i] = rows.get(row, static_cast<int>(i));
    auto key = host.key_of(link);
    if (!key) continue;
    if (host.is_found_by_value()) {
      page.keys.emplace_back(&host, *std::move(key));
    } else {
      page.ids.push_back(*std::move(key));
    }
  }
}

Result<std::optional<ResolvedPage>> OwnedResolver::all(const Member& property,
                                                       std::span<const std::string> keys,
                                                       size_t max) {
  ResolvedPage page;
  for (const Host& host : shape_.node_of(property).hosts) {
    const std::vector<std::string> texts = texts_of(host, keys);
    if (texts.empty()) continue;
    const Member& member = *host.node->member;
    SYNCLINE_ASSIGN(const auto session, member.source->sessions().acquire(
                                            postgres::SessionPool::Use::short_work, stop_));
    auto rows = host.pages.some(*session, texts, max + 1);
    if (!rows.ok() && rows.error().action == Action::park) {
      // A value that the column cannot hold, which no row can have: found by asking for fewer.
      if (keys.size() > 1) return std::optional<ResolvedPage>();
      continue;
    }
    if (!rows.ok()) return std::move(rows).error();
    take(member, *rows, page);
    if (page.size() > max || static_cast<size_t>(rows->size()) > max)
      return std::optional<ResolvedPage>();
  }
  return std::optional(std::move(page));
}

Result<ResolvedPage> OwnedResolver::page(const Member& property, const std::string& key,
                                         const std::string& resume_text) {
  const std::vector<Host>& hosts = shape_.node_of(property).hosts;
  const Resume resume = parse_resume(resume_text, hosts);
  ResolvedPage page;
  if (resume.host >= hosts.size()) return page;
  const Host& host = hosts[resume.host];
  const Member& member = *host.node->member;
  const std::vector<std::string> texts = texts_of(host, std::span(&key, 1));
  const size_t next_host = resume.host + 1;
  if (next_host < hosts.size()) page.resume = make_resume(next_host, {});
  if (texts.empty()) return page;
  SYNCLINE_ASSIGN(const auto session,
                  member.source->sessions().acquire(postgres::SessionPool::Use::short_work, stop_));
  auto rows = host.pages.page(*session, texts, resume.link, kPageRows);
  if (!rows.ok() && rows.error().action == Action::park) return page;
  if (!rows.ok()) return std::move(rows).error();
  take(member, *rows, page);
  if (static_cast<size_t>(rows->size()) >= kPageRows) {
    page.resume = make_resume(resume.host, link_texts(*rows, rows->size() - 1, member.link.size()));
  }
  return page;
}

}  // namespace syncline::compose
