#include "engine/error_kind.h"

namespace syncline::engine {

namespace {

bool is_missing_table(std::string_view code) {
  return code == "42P01" || code == "42703";
}

std::string_view kind_of_refusal(const Error& error) {
  const std::string_view code = error.code;
  switch (error.origin) {
    case Origin::cluster:
      if (code == "401") return "target_refused";
      return code == "403" ? "privilege" : "index";
    case Origin::mapping:
      return "index";
    default:
      if (is_missing_table(code)) return "table";
      return code == "42501" ? "privilege" : "source";
  }
}

std::string_view kind_of_source(std::string_view code) {
  // Undefined file: a library of an extension. The rest of the class is its disk's trouble.
  if (code == "58P01") return "source";
  if (code.starts_with("28") || code == "3D000" || code == "08004" || code == "42501")
    return "source_refused";
  for (const std::string_view starting : {"08", "57P01", "57P02", "57P03"}) {
    if (code.starts_with(starting)) return "source_unreachable";
  }
  for (const std::string_view busy : {"53", "55", "57", "58", "40"}) {
    if (code.starts_with(busy)) return "source_busy";
  }
  return "source";
}

}  // namespace

std::string_view error_kind(const Error& error) {
  const std::string_view code = error.code;
  if (error.action == Action::bug) return "internal";
  if (error.origin == Origin::data_directory) return "data_directory";
  if (!error.passes()) return kind_of_refusal(error);
  switch (error.origin) {
    case Origin::database:
      return is_missing_table(code) ? "table" : kind_of_source(code);
    case Origin::cluster:
      if (code == "404") return "starting_over";  // the index is made again
      return code == "429" ? "target_busy" : "target_unreachable";
    default:
      return "starting_over";
  }
}

}  // namespace syncline::engine
