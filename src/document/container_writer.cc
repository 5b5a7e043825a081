#include "document/container_writer.h"

#include <array>

#include "document/literal_reader.h"
#include "document/number_text.h"
#include "document/value_writer.h"

namespace syncline::document {
namespace {

constexpr std::string_view kNull = "null";
constexpr int kArrayDepthMax = 6;  // PostgreSQL's own limit

// Bounds that do not start at 1 stand before an array: [0:2][1:1]={...}.
bool skip_dimensions(LiteralReader& in) {
  while (in.peek() == '[') {
    std::string_view bounds;
    bool quoted = false;
    in.take('[');
    if (!in.read_value("]", bounds, quoted) || !in.take(']')) return false;
    if (in.take('=')) return true;
  }
  return true;
}

bool append_array_level(const PgType& type, LiteralReader& in, int depth, std::string& out);

bool append_array_element(const PgType& type, LiteralReader& in, int depth, std::string& out) {
  if (in.peek() == '{') return append_array_level(type, in, depth + 1, out);
  const std::array<char, 3> stops = {type.delimiter, '{', '}'};
  std::string_view value;
  bool quoted = false;
  if (!in.read_value({stops.data(), stops.size()}, value, quoted)) return false;
  if (!quoted && value == "NULL") {
    out.append(kNull);
  } else {
    append_value(*type.element, value, out);
  }
  return true;
}

bool append_array_level(const PgType& type, LiteralReader& in, int depth, std::string& out) {
  if (depth > kArrayDepthMax || !in.take('{')) return false;
  out.push_back('[');
  if (!in.take('}')) {
    while (true) {
      if (!append_array_element(type, in, depth, out)) return false;
      if (in.take('}')) break;
      if (!in.take(type.delimiter)) return false;
      out.push_back(',');
    }
  }
  out.push_back(']');
  return true;
}

// Appends `"name":bound,`, or nothing where the bound has no JSON.
void append_bound(const PgType& subtype, std::string_view name, std::string_view bound,
                  std::string& out) {
  const size_t start = out.size();
  append_json_string(name, out);
  out.push_back(':');
  const size_t value = out.size();
  append_value(subtype, bound, out);
  if (std::string_view(out).substr(value) == kNull) {
    out.resize(start);
  } else {
    out.push_back(',');
  }
}

// Ends an object whose members each left a trailing comma.
void close_object(std::string& out) {
  if (out.back() == ',') {
    out.back() = '}';
  } else {
    out.push_back('}');
  }
}

// One of PostgreSQL's finite coordinates, or what it prints for the others.
bool is_coordinate(std::string_view text) {
  return is_json_number(text) || is_not_finite(text);
}

}  // namespace

bool append_array(const PgType& type, std::string_view text, std::string& out) {
  if (!type.element) return false;
  LiteralReader in(text);
  return skip_dimensions(in) && append_array_level(type, in, 1, out) && in.at_end();
}

bool append_range(const PgType& type, std::string_view text, std::string& out) {
  if (!type.element) return false;
  if (text == "empty") {
    out.append(kNull);
    return true;
  }
  LiteralReader in(text);
  const bool lower_inclusive = in.peek() == '[';
  if (!in.take('[') && !in.take('(')) return false;
  out.push_back('{');
  std::string_view bound;
  bool quoted = false;
  if (in.peek() != ',') {
    if (!in.read_value(",", bound, quoted)) return false;
    append_bound(*type.element, lower_inclusive ? "gte" : "gt", bound, out);
  }
  if (!in.take(',')) return false;
  const bool bounded = in.peek() != ']' && in.peek() != ')';
  if (bounded && !in.read_value("])", bound, quoted)) return false;
  const bool upper_inclusive = in.peek() == ']';
  if ((!in.take(']') && !in.take(')')) || !in.at_end()) return false;
  if (bounded) append_bound(*type.element, upper_inclusive ? "lte" : "lt", bound, out);
  close_object(out);
  return true;
}

bool append_point(std::string_view text, std::string& out) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return false;
  text = text.substr(1, text.size() - 2);
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos) return false;
  const std::string_view x = text.substr(0, comma);
  const std::string_view y = text.substr(comma + 1);
  if (!is_coordinate(x) || !is_coordinate(y)) return false;
  if (is_not_finite(x) || is_not_finite(y)) {
    out.append(kNull);
    return true;
  }
  out.append("{\"lon\":").append(x).append(",\"lat\":").append(y).append("}");
  return true;
}

bool append_hstore(std::string_view text, std::string& out) {
  LiteralReader in(text);
  out.push_back('{');
  while (!in.at_end()) {
    std::string_view token;
    bool quoted = false;
    if (!in.read_value("=", token, quoted) || !quoted) return false;
    append_json_string(token, out);
    out.push_back(':');
    if (!in.take("=>")) return false;
    if (in.take("NULL")) {
      out.append(kNull);
    } else {
      if (!in.read_value(",", token, quoted) || !quoted) return false;
      append_json_string(token, out);
    }
    out.push_back(',');
    if (!in.at_end() && !in.take(", ")) return false;
  }
  close_object(out);
  return true;
}

bool append_composite(const PgType& type, std::string_view text, std::string& out) {
  LiteralReader in(text);
  if (!in.take('(')) return false;
  out.push_back('{');
  bool first = true;
  for (const PgType::Field& field : type.fields) {
    if (!first && !in.take(',')) return false;
    first = false;
    append_json_string(field.name, out);
    out.push_back(':');
    if (in.peek() == ',' || in.peek() == ')') {
      out.append(kNull);
    } else {
      std::string_view value;
      bool quoted = false;
      if (!in.read_value(",)", value, quoted)) return false;
      append_value(*field.type, value, out);
    }
    out.push_back(',');
  }
  if (!in.take(')') || !in.at_end()) return false;
  close_object(out);
  return true;
}

}  // namespace syncline::document
