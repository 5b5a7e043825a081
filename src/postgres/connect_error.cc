#include "postgres/connect_error.h"

#include <algorithm>
#include <string>

namespace syncline::postgres {

namespace {

constexpr size_t kCodeBytes = 5;
// libpq puts this between a server's severity, which is in the server's language, and what follows.
constexpr std::string_view kBeforeCode = ":  ";
constexpr std::string_view kBehindCode = ": ";

bool is_code_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

// Where a code begins in "FATAL:  28P01: password authentication failed"; npos if there is none.
size_t find_code(std::string_view line) {
  for (size_t at = line.find(kBeforeCode); at != std::string_view::npos;
       at = line.find(kBeforeCode, at + 1)) {
    const std::string_view rest = line.substr(at + kBeforeCode.size());
    if (rest.size() > kCodeBytes && rest.substr(kCodeBytes).starts_with(kBehindCode) &&
        std::all_of(rest.begin(), rest.begin() + kCodeBytes, is_code_character))
      return at + kBeforeCode.size();
  }
  return std::string_view::npos;
}

std::string advice(std::string_view code) {
  if (code == "28P01") return "; the password or the user of the source is wrong";
  if (code.starts_with("28")) return "; the server does not let this user in from here";
  if (code == "3D000") return "; the database of the source is not there";
  if (code == "42501") return "; GRANT CONNECT ON DATABASE to the user of the source";
  return "";
}

}  // namespace

Error connect_error(std::string_view text) {
  std::string code, refusal, unreachable;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t at = find_code(line);
    if (at != std::string_view::npos) {  // of several addresses, the last that a server answers at
      code = line.substr(at, kCodeBytes);
      refusal =
          std::string(line.substr(0, at)).append(line.substr(at + kCodeBytes + kBehindCode.size()));
    } else if (code.empty() && !line.empty()) {
      unreachable += (unreachable.empty() ? "" : " ") + std::string(line);
    }
  }
  if (code.empty()) return Error::retry(unreachable, Origin::database, kNotReachable);
  return Error::retry(refusal + advice(code), Origin::database, code);
}

}  // namespace syncline::postgres
