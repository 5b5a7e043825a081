// ObjectReader: reads the fields of one JSON object by name and notes every fault: missing, of a
// wrong type, unknown.
//
// Lives on the stack of the function that reads the object; finish() at the end finds the fields
// that nobody asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/fault.h"
#include "control/json.h"

namespace syncline::control {

enum class Need { required, optional };

// "source" + "name" = "source.name"; an empty base is the body itself.
std::string field_path(const std::string& base, std::string_view name);
std::string element_path(const std::string& base, size_t position);

class ObjectReader {
 public:
  // A body that is no object is one fault, and all its fields then read as absent without being
  // faults as well.
  ObjectReader(const Json& object, std::string path, Faults& faults);

  // Each gives nothing when the field is absent or at fault.
  const Json* value(std::string_view name, Need need);
  const Json* object(std::string_view name, Need need);
  const Json* array(std::string_view name, Need need);
  std::optional<std::string> text(std::string_view name, Need need);
  std::optional<std::string> filled_text(std::string_view name, Need need);  // empty is a fault
  std::optional<int64_t> integer(std::string_view name, Need need, int64_t min, int64_t max);
  std::optional<bool> boolean(std::string_view name, Need need);
  // Texts that are not empty and not given twice.
  std::vector<std::string> distinct_texts(std::string_view name, Need need);

  bool has(std::string_view name) const;
  std::string path(std::string_view name) const { return field_path(path_, name); }
  void fault(std::string_view name, std::string message);

  // Notes the fields that were not asked for.
  void finish();

 private:
  const Json* of_type(std::string_view name, Need need, bool (Json::*is_type)() const noexcept,
                      const char* message);

  const Json* object_;  // null: not an object
  std::string path_;
  Faults& faults_;
  std::vector<std::string> asked_;
};

// What is wrong with a text of a user, if anything: it must be non-empty (where asked) and without
// NUL.
std::optional<std::string> text_fault(std::string_view text, bool may_be_empty);

// Of a command's body, which may be missing: its one option.
bool read_option(const Json& body, const char* name, Faults& faults);

// The elements of an array of texts that are not empty and not given twice; faults at path[i].
std::vector<std::string> read_distinct_texts(const Json& array, const std::string& path,
                                             Faults& faults);

}  // namespace syncline::control
