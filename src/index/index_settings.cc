#include "index/index_settings.h"

namespace syncline::index {

namespace {

using nlohmann::json;

json text_of(const json& value) {
  return value.is_string() || value.is_null() ? value : json(value.dump());
}

void flatten(const json& value, const std::string& path, json& flat) {
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items())
      flatten(inner, path.empty() ? name : path + "." + name, flat);
    return;
  }
  json& entry = flat[path.starts_with("index.") ? path : "index." + path];
  if (!value.is_array()) {
    entry = text_of(value);
    return;
  }
  entry = json::array();
  for (const json& element : value) entry.push_back(text_of(element));
}

}  // namespace

json flat_settings(const json& settings) {
  json flat = json::object();
  flatten(settings, "", flat);
  return flat;
}

json different_settings(const json& wanted, const json& present) {
  json different = json::object();
  for (const auto& [name, value] : wanted.items()) {
    const auto there = present.find(name);
    const bool same = there == present.end() ? value.is_null() : *there == value;
    if (!same) different[name] = value;
  }
  return different;
}

}  // namespace syncline::index
