#include "document/same_json.h"

#include <simdjson.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "document/compare_value.h"
#include "document/raw_json.h"

namespace syncline::document {

namespace {

namespace od = simdjson::ondemand;

bool same_value(od::value a, od::value b);

using Objects = std::vector<std::pair<std::string, std::string_view>>;

bool members_of(od::value value, Objects& members) {
  od::object object;
  if (value.get_object().get(object)) return false;
  for (auto field : object) {
    std::string_view name, text;
    od::value member;
    if (field.unescaped_key().get(name)) return false;
    std::string key(name);
    if (field.value().get(member) || !raw_text(member, text)) return false;
    members.emplace_back(std::move(key), text);
  }
  std::sort(members.begin(), members.end());
  return true;
}

bool elements_of(od::value value, std::vector<std::string_view>& elements) {
  od::array array;
  if (value.get_array().get(array)) return false;
  for (auto element : array) {
    od::value item;
    std::string_view text;
    if (element.get(item) || !raw_text(item, text)) return false;
    elements.push_back(text);
  }
  return true;
}

bool same_object(od::value a, od::value b) {
  Objects left, right;
  if (!members_of(a, left) || !members_of(b, right)) return false;
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const auto& x, const auto& y) {
                      return x.first == y.first && same_json(x.second, y.second);
                    });
}

bool same_array(od::value a, od::value b) {
  std::vector<std::string_view> left, right;
  return elements_of(a, left) && elements_of(b, right) &&
         std::equal(left.begin(), left.end(), right.begin(), right.end(), same_json);
}

bool same_string(od::value a, od::value b) {
  std::string_view left, right;
  return !a.get_string().get(left) && !b.get_string().get(right) && left == right;
}

bool same_value(od::value a, od::value b) {
  od::json_type type{}, other{};
  std::string_view left, right;
  if (a.type().get(type) || b.type().get(other) || type != other) return false;
  switch (type) {
    case od::json_type::object:
      return same_object(a, b);
    case od::json_type::array:
      return same_array(a, b);
    case od::json_type::string:
      return same_string(a, b);
    case od::json_type::number:
      return raw_text(a, left) && raw_text(b, right) && number_key(left) == number_key(right);
    default:
      return raw_text(a, left) && raw_text(b, right) && left == right;
  }
}

}  // namespace

bool same_json(std::string_view a, std::string_view b) {
  if (a == b) return true;
  // A text that is a scalar alone cannot be walked through as a value, an element can.
  const auto in_array = [](std::string_view text) {
    return simdjson::padded_string("[" + std::string(text) + "]");
  };
  const simdjson::padded_string left = in_array(a), right = in_array(b);
  od::parser left_parser, right_parser;
  od::document left_document, right_document;
  od::value left_value, right_value;
  if (left_parser.iterate(left).get(left_document) ||
      right_parser.iterate(right).get(right_document))
    return false;
  if (left_document.at(0).get(left_value) || right_document.at(0).get(right_value)) return false;
  return same_value(left_value, right_value);
}

}  // namespace syncline::document
