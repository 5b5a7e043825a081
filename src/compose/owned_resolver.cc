#include "compose/owned_resolver.h"

#include <charconv>

#include "compose/plan_context.h"
#include "document/compare_value.h"

namespace syncline::compose {

namespace {

constexpr size_t kPageRows = 10'000;  // in order; a page costs the database one sort of them all

std::vector<std::string> texts_of(const Provider& provider, std::span<const std::string> keys) {
  std::vector<std::string> texts;
  for (const std::string& key : keys) {
    if (auto text = document::text_of_key(*provider.type, key)) texts.push_back(*std::move(text));
  }
  return texts;
}

// "provider:link": up to which link of which provider all is done.
std::string make_resume(size_t provider, const std::vector<std::string>& link) {
  std::string text = std::to_string(provider) + ":";
  if (link.empty()) return text;
  return text + (link.size() == 1 ? link.front() : postgres::Session::array_literal(link));
}

struct Resume {
  size_t provider = 0;
  std::vector<std::string> link;
};

Resume parse_resume(const std::string& text, const Member& property) {
  Resume resume;
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return resume;
  std::from_chars(text.data(), text.data() + colon, resume.provider);
  if (resume.provider >= property.providers.size() || colon + 1 == text.size()) return resume;
  const size_t parts = property.providers[resume.provider].pages.link_size();
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

void OwnedResolver::take(const Member& provider, const postgres::Rows& rows,
                         ResolvedPage& page) const {
  std::vector<std::optional<std::string_view>> link(provider.link.size());
  for (int row = 0; row < rows.size(); ++row) {
    for (size_t i = 0; i < link.size(); ++i) link[i] = rows.get(row, static_cast<int>(i));
    auto key = provider.key_of(link);
    if (!key) continue;
    if (provider.is(JobType::property)) {
      page.keys.emplace_back(&provider, *std::move(key));
    } else {
      page.ids.push_back(*std::move(key));
    }
  }
}

Result<std::optional<ResolvedPage>> OwnedResolver::all(const Member& property,
                                                       std::span<const std::string> keys,
                                                       size_t max) {
  ResolvedPage page;
  for (const Provider& provider : property.providers) {
    const std::vector<std::string> texts = texts_of(provider, keys);
    if (texts.empty()) continue;
    const Member& member = *members_[provider.member];
    SYNCLINE_ASSIGN(const auto session, member.source->sessions().acquire(
                                            postgres::SessionPool::Use::short_work, stop_));
    auto rows = provider.pages.some(*session, texts, max + 1);
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
  const Resume resume = parse_resume(resume_text, property);
  ResolvedPage page;
  if (resume.provider >= property.providers.size()) return page;
  const Provider& provider = property.providers[resume.provider];
  const Member& member = *members_[provider.member];
  const std::vector<std::string> texts = texts_of(provider, std::span(&key, 1));
  const size_t next_provider = resume.provider + 1;
  if (next_provider < property.providers.size()) page.resume = make_resume(next_provider, {});
  if (texts.empty()) return page;
  SYNCLINE_ASSIGN(const auto session,
                  member.source->sessions().acquire(postgres::SessionPool::Use::short_work, stop_));
  auto rows = provider.pages.page(*session, texts, resume.link, kPageRows);
  if (!rows.ok() && rows.error().action == Action::park) return page;
  if (!rows.ok()) return std::move(rows).error();
  take(member, *rows, page);
  if (static_cast<size_t>(rows->size()) >= kPageRows) {
    page.resume =
        make_resume(resume.provider, link_texts(*rows, rows->size() - 1, member.link.size()));
  }
  return page;
}

}  // namespace syncline::compose
