#include "engine/error_kind.h"

#include "storage/sqlite_database.h"

namespace syncline::engine {

namespace {

bool is_sqlstate(std::string_view code) {
  return code.size() == 5;
}

std::string_view kind_of_refusal(std::string_view code) {
  if (code == "42P01" || code == "42703") return "table";
  if (code == "42501" || code == "403") return "privilege";
  if (code == "401") return "target_refused";
  return is_sqlstate(code) || code.empty() ? "source" : "index";
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
  if (code.starts_with(storage::kSqliteCodePrefix)) return "data_directory";
  if (error.action != Action::retry) return kind_of_refusal(code);
  if (code.empty()) return "starting_over";
  if (code == "42P01" || code == "42703") return "table";
  if (is_sqlstate(code)) return kind_of_source(code);
  if (code == "404") return "starting_over";  // the index is made again
  return code == "429" ? "target_busy" : "target_unreachable";
}

}  // namespace syncline::engine
