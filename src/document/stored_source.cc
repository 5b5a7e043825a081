#include "document/stored_source.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "document/raw_json.h"

namespace syncline::document {
namespace {

namespace od = simdjson::ondemand;

std::optional<std::string> unescaped(std::string_view json_string) {
  const simdjson::padded_string padded(json_string);
  od::parser parser;
  od::document document;
  std::string_view text;
  if (parser.iterate(padded).get(document) || document.get_string().get(text)) return std::nullopt;
  return std::string(text);
}

std::optional<StoredSource::Scalar> scalar_of(std::string_view value) {
  if (value == "true" || value == "false")
    return StoredSource::Scalar{ValueFamily::boolean, std::string(value)};
  if (value.starts_with('"')) {
    auto text = unescaped(value);
    if (!text) return std::nullopt;
    return StoredSource::Scalar{ValueFamily::string, *std::move(text)};
  }
  if (value.empty() || value == "null" || value.front() == '{' || value.front() == '[')
    return std::nullopt;
  return StoredSource::Scalar{ValueFamily::number, number_key(value)};
}

}  // namespace

std::optional<StoredSource> StoredSource::parse(std::string_view json) {
  const simdjson::padded_string padded(json);
  od::parser parser;
  od::document document;
  od::object object;
  if (parser.iterate(padded).get(document) || document.get_object().get(object))
    return std::nullopt;
  StoredSource source;
  for (auto field : object) {
    od::raw_json_string key;
    std::string_view name, value;
    if (field.key().get(key)) return std::nullopt;
    const char* const begin = key.raw() - 1;  // the quote before
    od::value inner;
    Member member;
    // Half of a surrogate pair is no character: a name with one is written back as it stands, and
    // equals no name of ours.
    if (field.unescaped_key().get(name)) {
      member.name = '\xff';
    } else {
      member.name = name;
    }
    if (field.value().get(inner) || !raw_text(inner, value)) return std::nullopt;
    member.raw.assign(begin, static_cast<size_t>(value.data() + value.size() - begin));
    member.value = static_cast<size_t>(value.data() - begin);
    // Inside of strings they cannot stand, and a bulk body is made of lines.
    std::replace_if(
        member.raw.begin(), member.raw.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    source.members_.push_back(std::move(member));
  }
  return source;
}

const StoredSource::Member* StoredSource::find(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.name == name; });
  return found == members_.end() ? nullptr : &*found;
}

std::optional<std::string_view> StoredSource::member(std::string_view name) const {
  const Member* const found = find(name);
  if (found == nullptr) return std::nullopt;
  return found->value_text();
}

std::optional<StoredSource::Scalar> StoredSource::scalar_at(std::string_view path) const {
  if (const auto value = member(path)) return scalar_of(*value);
  for (size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    const auto outer = member(path.substr(0, dot));
    if (!outer || !outer->starts_with('{')) continue;
    const auto inner = parse(*outer);
    if (!inner) continue;
    if (auto found = inner->scalar_at(path.substr(dot + 1))) return found;
  }
  return std::nullopt;
}

std::optional<std::string> StoredSource::with(std::string_view own,
                                              const std::vector<std::string>& ours) const {
  const auto wanted = parse(own);
  if (!wanted) return std::nullopt;
  bool changed = false;
  std::string text = "{";
  for (const Member& member : members_) {
    const bool is_ours = std::find(ours.begin(), ours.end(), member.name) != ours.end();
    if (!is_ours) {
      text.append(member.raw).push_back(',');
    } else if (wanted->find(member.name) == nullptr) {
      changed = true;
    }
  }
  for (const Member& member : wanted->members_) {
    if (this->member(member.name) != member.value_text()) changed = true;
    text.append(member.raw).push_back(',');
  }
  if (!changed) return std::nullopt;
  if (text.back() == ',') text.pop_back();
  return text.append("}");
}

}  // namespace syncline::document
