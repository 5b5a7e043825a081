#include "document/raw_json.h"

namespace syncline::document {

namespace od = simdjson::ondemand;

bool raw_text(od::value value, std::string_view& raw) {
  od::json_type type{};
  if (value.type().get(type)) return false;
  if (type == od::json_type::object) {
    od::object object;
    return !value.get_object().get(object) && !object.raw_json().get(raw);
  }
  if (type == od::json_type::array) {
    od::array array;
    return !value.get_array().get(array) && !array.raw_json().get(raw);
  }
  raw = value.raw_json_token();
  while (!raw.empty() &&
         (raw.back() == ' ' || raw.back() == '\n' || raw.back() == '\r' || raw.back() == '\t'))
    raw.remove_suffix(1);
  return !raw.empty();
}

}  // namespace syncline::document
