#include "index/answer_json.h"

#include <limits>

namespace syncline::index {

namespace {

using nlohmann::json;

// Of what stands outside of strings alone; text that is no JSON may give any number.
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kAnswerDepthMax) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

json parse_answer(std::string_view text) {
  if (is_too_deep(text)) return json(json::value_t::discarded);
  return json::parse(text.begin(), text.end(), nullptr, false);
}

const json& answer_at(const json& value, std::initializer_list<const char*> path) {
  static const json none;
  const json* level = &value;
  for (const char* key : path) {
    if (!level->is_object()) return none;
    const auto found = level->find(key);
    if (found == level->end()) return none;
    level = &*found;
  }
  return *level;
}

std::string answer_text(const json& value) {
  return value.is_string() ? value.get<std::string>() : "";
}

const json& answer_object(const json& value) {
  static const json none = json::object();
  return value.is_object() ? value : none;
}

const json& answer_list(const json& value) {
  static const json none = json::array();
  return value.is_array() ? value : none;
}

std::optional<int64_t> answer_integer(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    return std::nullopt;
  return value.get<int64_t>();
}

}  // namespace syncline::index
