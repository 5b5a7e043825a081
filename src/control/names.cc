#include "control/names.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace syncline::control {

namespace {

constexpr size_t kNameBytesMin = 2, kNameBytesMax = 50;
constexpr size_t kIndexBytesMax = 255;         // Elasticsearch
constexpr size_t kIdentifierBytesMax = 63;     // PostgreSQL cuts longer ones, so none exists
constexpr size_t kCaptureSchemaBytesMax = 40;  // leaves room for what is derived from it
constexpr size_t kFieldBytesMax = 512;         // Elasticsearch's default is below it with a prefix
constexpr size_t kFieldTypeBytesMax = 64;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool holds_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

// Names that mean something of the document itself, and that the cluster refuses inside of it.
constexpr std::array<std::string_view, 12> kMetadataFields = {
    "_id",      "_index",  "_source",       "_type",    "_routing",     "_field_names",
    "_ignored", "_seq_no", "_primary_term", "_version", "_nested_path", "_size"};

std::string too_long(size_t bytes_max) {
  return "must not be longer than " + std::to_string(bytes_max) + " bytes";
}

}  // namespace

std::optional<std::string> resource_name_fault(std::string_view name) {
  const bool valid = std::all_of(name.begin(), name.end(), [](char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '_' || c == '-';
  });
  if (valid && name.size() >= kNameBytesMin && name.size() <= kNameBytesMax) return std::nullopt;
  return "must be 2 to 50 characters: letters, digits, _ and -";
}

std::optional<std::string> index_name_fault(std::string_view index) {
  constexpr std::string_view kForbidden = "\\/*?\"<>| ,#:";
  if (index.empty()) return "must not be empty";
  if (index.size() > kIndexBytesMax) return too_long(kIndexBytesMax);
  if (index == "." || index == "..") return "must not be . or ..";
  if (index.front() == '-' || index.front() == '_' || index.front() == '+') {
    return "must not begin with -, _ or +";
  }
  if (std::any_of(index.begin(), index.end(), is_upper)) return "must be in lower case";
  if (index.find_first_of(kForbidden) != std::string_view::npos || holds_control(index)) {
    return "must not hold blanks or any of \\ / * ? \" < > | , # :";
  }
  return std::nullopt;
}

std::optional<std::string> capture_schema_fault(std::string_view schema) {
  const bool plain = std::all_of(schema.begin(), schema.end(),
                                 [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
  if (schema.empty() || !plain || is_digit(schema.front())) {
    return "must be a plain identifier: lower-case letters, digits and _, no digit first";
  }
  if (schema.size() > kCaptureSchemaBytesMax) return too_long(kCaptureSchemaBytesMax);
  if (schema.starts_with("pg_") || schema == "information_schema" || schema == "public") {
    return "must be a schema of Syncline's own, it is removed with all it holds in the end";
  }
  return std::nullopt;
}

std::optional<std::string> column_name_fault(std::string_view column) {
  if (column.size() > kIdentifierBytesMax) return too_long(kIdentifierBytesMax);
  return std::nullopt;
}

std::optional<std::string> field_name_fault(std::string_view field) {
  if (field.empty()) return "must not be empty";
  if (field.size() > kFieldBytesMax) return too_long(kFieldBytesMax);
  if (holds_control(field)) return "must not hold control characters";
  if (field.find_first_not_of(' ') == std::string_view::npos) return "must not be blank";
  if (field.front() == '.' || field.back() == '.' || field.find("..") != std::string_view::npos) {
    return "must not begin or end with a dot, nor hold two in a row";
  }
  if (std::find(kMetadataFields.begin(), kMetadataFields.end(), field) != kMetadataFields.end()) {
    return "is a name that the cluster keeps for itself: choose another one";
  }
  return std::nullopt;
}

std::optional<std::string> field_type_fault(std::string_view type) {
  const bool plausible = std::all_of(type.begin(), type.end(),
                                     [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
  if (type.empty() || !plausible || !is_lower(type.front()) || type.size() > kFieldTypeBytesMax) {
    return "must be the name of a field type, as in integer, text, keyword or scaled_float";
  }
  return std::nullopt;
}

std::optional<std::string> plain_text_fault(std::string_view text) {
  if (holds_control(text)) return "must not hold control characters";
  return std::nullopt;
}

namespace {

// The part in double quotes that begins at text[at]; moves `at` behind it. Nothing if the quote is
// not closed.
std::optional<std::string> read_quoted(std::string_view text, size_t& at) {
  std::string part;
  for (++at; at < text.size(); ++at) {
    if (text[at] != '"') {
      part += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == '"') {
      part += text[++at];
    } else {
      ++at;
      return part;
    }
  }
  return std::nullopt;
}

// The parts between the dots; sets `fault` and gives none if a quote stands where it cannot.
std::vector<std::string> split_table_name(std::string_view text, std::string& fault) {
  std::vector<std::string> parts;
  for (size_t at = 0;; ++at) {
    if (at < text.size() && text[at] == '"') {
      auto part = read_quoted(text, at);
      if (!part) {
        fault = "has a double quote that is not closed";
        return {};
      }
      parts.push_back(std::move(*part));
    } else {
      const size_t end = std::min(text.find_first_of(".\"", at), text.size());
      parts.emplace_back(text.substr(at, end - at));
      at = end;
    }
    if (at == text.size()) return parts;
    if (text[at] != '.') {
      fault = "has a double quote in the middle of a name";
      return {};
    }
  }
}

}  // namespace

std::optional<TableName> parse_table_name(std::string_view text, std::string& fault) {
  std::vector<std::string> parts = split_table_name(text, fault);
  if (parts.empty()) return std::nullopt;
  if (parts.size() > 2) {
    fault = "must be table or schema.table; a name that holds a dot goes in double quotes";
    return std::nullopt;
  }
  for (const std::string& part : parts) {
    if (part.empty()) {
      fault = "must be table or schema.table, no part of it empty";
      return std::nullopt;
    }
    if (part.size() > kIdentifierBytesMax) {
      fault = "has a part that is longer than " + std::to_string(kIdentifierBytesMax) + " bytes";
      return std::nullopt;
    }
  }
  if (parts.size() == 1) return TableName{"public", std::move(parts[0])};
  return TableName{std::move(parts[0]), std::move(parts[1])};
}

namespace {

// The host of a URL's authority without its port; sets `fault` where the authority holds what does
// not belong there.
std::optional<std::string_view> host_of(std::string_view authority, std::string& fault) {
  if (authority.find('@') != std::string_view::npos) {
    fault = "must not hold a user name or password: they go into api.username and api.password";
    return std::nullopt;
  }
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) {
    fault = "has a bracket that is not closed";
    return std::nullopt;
  }
  const size_t colon = authority.find(':', bracket);
  if (colon != std::string_view::npos) {
    fault = "must not hold a port: it goes into api.port";
    return std::nullopt;
  }
  if (authority.empty() || authority == "[]") {
    fault = "must name a host, as in http://localhost";
    return std::nullopt;
  }
  return authority;
}

}  // namespace

std::optional<std::string> parse_target_url(std::string_view url, std::string& fault) {
  const size_t separator = url.find("://");
  std::string scheme(url.substr(0, separator == std::string_view::npos ? 0 : separator));
  for (char& c : scheme) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  if (scheme != "http" && scheme != "https") {
    fault = "must begin with http:// or https://";
    return std::nullopt;
  }
  const std::string_view rest = url.substr(separator + 3);
  if (rest.find_first_of(" \\\"<>^`{|}") != std::string_view::npos || holds_control(rest)) {
    fault = "must not hold blanks or any of \\ \" < > ^ ` { | }";
    return std::nullopt;
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    fault = "must not hold ? or #";
    return std::nullopt;
  }
  const auto host = host_of(rest.substr(0, rest.find('/')), fault);
  if (!host) return std::nullopt;
  std::string parsed = scheme + "://" + std::string(rest);
  while (parsed.back() == '/') parsed.pop_back();
  return parsed;
}

}  // namespace syncline::control
