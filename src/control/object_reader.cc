#include "control/object_reader.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace syncline::control {

std::string field_path(const std::string& base, std::string_view name) {
  return base.empty() ? std::string(name) : base + "." + std::string(name);
}

std::string element_path(const std::string& base, size_t position) {
  return base + "[" + std::to_string(position) + "]";
}

std::optional<std::string> text_fault(std::string_view text, bool may_be_empty) {
  if (text.empty() && !may_be_empty) return "must not be empty";
  if (text.find('\0') != std::string_view::npos) return "must not hold the character U+0000";
  return std::nullopt;
}

namespace {

// Up to here a double holds every whole number.
constexpr double kDoubleExactMax = 9007199254740992;

// 5432, and 5432.0 as well: JSON knows one kind of number.
bool is_whole_number(const Json& value) {
  if (!value.is_number_float()) return value.is_number_integer();
  return std::trunc(value.get<double>()) == value.get<double>();
}

}  // namespace

ObjectReader::ObjectReader(const Json& object, std::string path, Faults& faults)
    : object_(object.is_object() ? &object : nullptr), path_(std::move(path)), faults_(faults) {
  if (object_ == nullptr) faults_.add(path_, "must be an object");
}

bool ObjectReader::has(std::string_view name) const {
  return object_ != nullptr && object_->contains(name);
}

void ObjectReader::fault(std::string_view name, std::string message) {
  faults_.add(path(name), std::move(message));
}

const Json* ObjectReader::value(std::string_view name, Need need) {
  asked_.emplace_back(name);
  if (object_ == nullptr) return nullptr;
  const auto found = object_->find(name);
  if (found != object_->end()) return &*found;
  if (need == Need::required) fault(name, "is missing");
  return nullptr;
}

const Json* ObjectReader::of_type(std::string_view name, Need need,
                                  bool (Json::*is_type)() const noexcept, const char* message) {
  const Json* const found = value(name, need);
  if (found == nullptr || (found->*is_type)()) return found;
  fault(name, message);
  return nullptr;
}

const Json* ObjectReader::object(std::string_view name, Need need) {
  return of_type(name, need, &Json::is_object, "must be an object");
}

const Json* ObjectReader::array(std::string_view name, Need need) {
  return of_type(name, need, &Json::is_array, "must be a list");
}

std::optional<std::string> ObjectReader::text(std::string_view name, Need need) {
  const Json* const found = of_type(name, need, &Json::is_string, "must be a string");
  if (found == nullptr) return std::nullopt;
  const std::string& given = found->get_ref<const std::string&>();
  if (const auto message = text_fault(given, true)) {
    fault(name, *message);
    return std::nullopt;
  }
  return given;
}

std::optional<std::string> ObjectReader::filled_text(std::string_view name, Need need) {
  std::optional<std::string> given = text(name, need);
  if (!given || !given->empty()) return given;
  fault(name, "must not be empty");
  return std::nullopt;
}

std::optional<int64_t> ObjectReader::integer(std::string_view name, Need need, int64_t min,
                                             int64_t max) {
  const Json* const found = value(name, need);
  if (found == nullptr) return std::nullopt;
  if (!is_whole_number(*found)) {
    fault(name, "must be a whole number");
    return std::nullopt;
  }
  const bool fits = found->is_number_float() ? std::abs(found->get<double>()) <= kDoubleExactMax
                    : found->is_number_unsigned() ? found->get<uint64_t>() <= INT64_MAX
                                                  : true;
  const int64_t given = fits ? found->get<int64_t>() : INT64_MAX;
  if (fits && given >= min && given <= max) return given;
  if (max == INT64_MAX) {
    fault(name, "must be at least " + std::to_string(min));
  } else {
    fault(name, "must be from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return std::nullopt;
}

std::optional<bool> ObjectReader::boolean(std::string_view name, Need need) {
  const Json* const found = of_type(name, need, &Json::is_boolean, "must be true or false");
  if (found == nullptr) return std::nullopt;
  return found->get<bool>();
}

std::vector<std::string> ObjectReader::distinct_texts(std::string_view name, Need need) {
  const Json* const found = array(name, need);
  if (found == nullptr) return {};
  return read_distinct_texts(*found, path(name), faults_);
}

bool read_option(const Json& body, const char* name, Faults& faults) {
  if (body.is_null()) return false;
  ObjectReader reader(body, "", faults);
  const bool given = reader.boolean(name, Need::optional).value_or(false);
  reader.finish();
  return given;
}

std::vector<std::string> read_distinct_texts(const Json& array, const std::string& path,
                                             Faults& faults) {
  std::vector<std::string> texts;
  std::set<std::string> seen;
  for (size_t i = 0; i < array.size(); ++i) {
    if (!array[i].is_string()) {
      faults.add(element_path(path, i), "must be a string");
      continue;
    }
    const std::string& given = array[i].get_ref<const std::string&>();
    if (const auto message = text_fault(given, false)) {
      faults.add(element_path(path, i), *message);
    } else if (!seen.insert(given).second) {
      faults.add(element_path(path, i), "is given twice: \"" + given + "\"");
    } else {
      texts.push_back(given);
    }
  }
  return texts;
}

void ObjectReader::finish() {
  if (object_ == nullptr) return;
  for (const auto& [name, unused] : object_->items()) {
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) {
      fault(name, "is not a known field");
    }
  }
}

}  // namespace syncline::control
