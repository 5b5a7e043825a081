#include "document/value_writer.h"

#include <algorithm>

#include "document/bytea_text.h"
#include "document/container_writer.h"
#include "document/date_text.h"
#include "document/number_text.h"

namespace syncline::document {
namespace {

using Kind = PgType::Kind;

constexpr std::string_view kNull = "null";
constexpr size_t kNumberBytesMax = 1000;  // a cluster's parser refuses longer ones

void append_number(std::string_view text, std::string& out) {
  if (is_not_finite(text)) {
    out.append(kNull);
  } else if (text.size() <= kNumberBytesMax && is_json_number(text)) {
    out.append(text);
  } else {
    append_json_string(text, out);
  }
}

// "true", "false", or nothing. boolean's output is one letter, its cast to text the whole word.
std::string_view boolean_word(std::string_view text) {
  if (text == "t" || text == "true") return "true";
  if (text == "f" || text == "false") return "false";
  return {};
}

void append_boolean(std::string_view text, std::string& out) {
  const std::string_view word = boolean_word(text);
  if (word.empty()) {
    append_json_string(text, out);
  } else {
    out.append(word);
  }
}

std::string_view without_padding(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

void append_date(Kind kind, std::string_view text, std::string& out) {
  const size_t start = out.size();
  out.push_back('"');
  switch (append_iso_date(kind, text, out)) {
    case DateText::written:
      out.push_back('"');
      return;
    case DateText::infinite:
      out.resize(start);
      out.append(kNull);
      return;
    case DateText::foreign:
      break;
  }
  out.resize(start);
  append_json_string(text, out);
}

// A bulk body is made of lines: a raw line break, legal between the tokens of type json, would end
// the document and make what follows it an action.
void append_json(std::string_view text, std::string& out) {
  const size_t start = out.size();
  out.append(text);
  const auto from = out.begin() + static_cast<std::ptrdiff_t>(start);
  std::replace(from, out.end(), '\n', ' ');
  std::replace(from, out.end(), '\r', ' ');
}

void append_bytea(std::string_view text, std::string& out) {
  const size_t start = out.size();
  out.push_back('"');
  if (append_base64(text, out)) {
    out.push_back('"');
    return;
  }
  out.resize(start);
  append_json_string(text, out);
}

bool append_container(const PgType& type, std::string_view text, std::string& out) {
  switch (type.kind) {
    case Kind::array:
      return append_array(type, text, out);
    case Kind::range:
      return append_range(type, text, out);
    case Kind::point:
      return append_point(text, out);
    case Kind::hstore:
      return append_hstore(text, out);
    case Kind::composite:
      return append_composite(type, text, out);
    default:
      return false;
  }
}

// Casting inet to text adds the full-length mask that its own output leaves out.
std::string_view without_full_mask(std::string_view address) {
  const std::string_view mask = address.find(':') == std::string_view::npos ? "/32" : "/128";
  return address.ends_with(mask) ? address.substr(0, address.size() - mask.size()) : address;
}

bool append_id_date(Kind kind, std::string_view text, std::string& out) {
  switch (append_iso_date(kind, text, out)) {
    case DateText::written:
      return true;
    case DateText::infinite:
      return false;
    case DateText::foreign:
      break;
  }
  out.append(text);
  return true;
}

}  // namespace

void append_value(const PgType& type, std::string_view text, std::string& out) {
  switch (type.kind) {
    case Kind::number:
      append_number(text, out);
      return;
    case Kind::boolean:
      append_boolean(text, out);
      return;
    case Kind::text:
      append_json_string(text, out);
      return;
    case Kind::padded_text:
      append_json_string(without_padding(text), out);
      return;
    case Kind::date:
    case Kind::timestamp:
    case Kind::timestamptz:
      append_date(type.kind, text, out);
      return;
    case Kind::json:
      append_json(text, out);
      return;
    case Kind::bytea:
      append_bytea(text, out);
      return;
    default:
      break;
  }
  const size_t start = out.size();
  if (append_container(type, text, out)) return;
  out.resize(start);
  append_json_string(text, out);
}

bool append_id_text(const PgType& type, std::string_view text, std::string& out) {
  switch (type.kind) {
    case Kind::number:
      if (is_not_finite(text)) return false;
      out.append(text);
      return true;
    case Kind::boolean: {
      const std::string_view word = boolean_word(text);
      out.append(word.empty() ? text : word);
      return true;
    }
    case Kind::text:
      out.append(type.name == "pg_catalog.inet" ? without_full_mask(text) : text);
      return true;
    case Kind::padded_text:
      out.append(without_padding(text));
      return true;
    case Kind::date:
    case Kind::timestamp:
    case Kind::timestamptz:
      return append_id_date(type.kind, text, out);
    case Kind::bytea:
      if (!append_base64(text, out)) out.append(text);
      return true;
    default:
      append_value(type, text, out);
      return true;
  }
}

}  // namespace syncline::document
