#include "index/index_mapping.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "index/answer_json.h"

namespace syncline::index {

namespace {

using nlohmann::json;

constexpr auto kGcDeletes = "10m";

Result<json> parse_object(const std::string& text, const std::string& what) {
  if (text.empty()) return json::object();
  json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return Error::needs_person(what + " are not a JSON object");
  return parsed;
}

std::string type_of(const json& field) {
  const auto type = field.find("type");
  return type != field.end() && type->is_string() ? type->get<std::string>() : "object";
}

Result<json> make_field(const FieldMapping& field) {
  json made{{"type", field.type}};
  SYNCLINE_ASSIGN(const json params,
                  parse_object(field.params_json, "the params of field \"" + field.name + "\""));
  made.update(params);
  if (made["type"] == "text" && !made.contains("fields"))
    made["fields"]["keyword"] = {{"type", "keyword"}, {"ignore_above", kKeywordCharactersMax}};
  if (field.properties.empty()) return made;
  SYNCLINE_ASSIGN(json inner, make_properties(field.properties));
  for (auto& [name, property] : inner.items()) made["properties"][name] = std::move(property);
  return made;
}

// Puts `made` at the path; objects on the way are made where they are missing.
Status place(json& properties, std::string_view path, json made) {
  json* level = &properties;
  for (size_t dot; (dot = path.find('.')) != std::string_view::npos; path.remove_prefix(dot + 1))
    level = &(*level)[std::string(path.substr(0, dot))]["properties"];
  json& field = (*level)[std::string(path)];
  if (field.is_null()) {
    field = std::move(made);
    return {};
  }
  if (field.contains("type") && made.contains("type") && type_of(field) != type_of(made))
    return Error::needs_person("field \"" + std::string(path) + "\" is mapped as " +
                               type_of(field) + " by one job and as " + type_of(made) +
                               " by another: make them equal");
  field.merge_patch(made);
  return {};
}

// Adds what does not fit to `faults`.
json missing_below(const json& wanted, const json& existing, const std::string& prefix,
                   std::string& faults) {
  json missing = json::object();
  for (const auto& [name, field] : wanted.items()) {
    const auto there = existing.find(name);
    if (there == existing.end()) {
      missing[name] = field;
      continue;
    }
    const std::string path = prefix + name;
    const std::string type = type_of(*there);
    const bool container = type == "object" || type == "nested";
    // A field that is only part of a path takes whatever can hold fields.
    const bool fits = field.contains("type") ? takes_type(type, type_of(field)) : container;
    if (!fits) {
      if (!faults.empty()) faults += "; ";
      faults += "field \"" + path + "\" is mapped as " + type + ", and the job asks for " +
                type_of(field);
    }
    if (!fits || !field.contains("properties")) continue;
    const json& inner = answer_object(answer_at(*there, {"properties"}));
    json below = missing_below(field["properties"], inner, path + ".", faults);
    if (below.empty()) continue;
    missing[name]["properties"] = std::move(below);
    if (type == "nested") missing[name]["type"] = type;  // else the cluster takes it for an object
  }
  return missing;
}

bool sets_gc_deletes(const json& settings) {
  if (settings.contains("index.gc_deletes") || settings.contains("gc_deletes")) return true;
  const auto index = settings.find("index");
  return index != settings.end() && index->is_object() && index->contains("gc_deletes");
}

void collect_names(const json& properties, const std::string& prefix, std::string& names) {
  for (const auto& [name, field] : properties.items()) {
    if (field.contains("properties") && !field["properties"].empty()) {
      collect_names(field["properties"], std::string(prefix).append(name).append("."), names);
      continue;
    }
    if (!names.empty()) names += ", ";
    names.append(prefix).append(name);
  }
}

}  // namespace

Result<json> make_properties(const std::vector<FieldMapping>& fields) {
  json properties = json::object();
  for (const FieldMapping& field : fields) {
    SYNCLINE_ASSIGN(json made, make_field(field));
    SYNCLINE_RETURN_IF_ERROR(place(properties, field.name, std::move(made)));
  }
  return properties;
}

std::vector<FieldMapping> fields_with_params(const std::vector<FieldMapping>& fields) {
  std::vector<FieldMapping> chosen;
  for (const FieldMapping& field : fields) {
    FieldMapping kept = field;
    kept.properties = fields_with_params(field.properties);
    if (!kept.params_json.empty() || !kept.properties.empty()) chosen.push_back(std::move(kept));
  }
  return chosen;
}

bool takes_type(const std::string& there, const std::string& asked) {
  if (there == asked) return true;
  // Each takes all that stands before it.
  static const std::vector<std::vector<std::string>> kFamilies = {
      {"byte", "short", "integer", "long"},
      {"half_float", "float", "double"},
      {"integer_range", "long_range"},
      {"float_range", "double_range"},
      {"keyword", "wildcard"}};
  return std::ranges::any_of(kFamilies, [&](const std::vector<std::string>& family) {
    const auto narrow = std::ranges::find(family, asked);
    return narrow != family.end() && std::find(narrow, family.end(), there) != family.end();
  });
}

Result<json> missing_properties(const json& wanted, const json& existing,
                                const std::string& index) {
  std::string faults;
  json missing = missing_below(wanted, existing, "", faults);
  if (faults.empty()) return missing;
  return Error::needs_person(
      "index \"" + index + "\" does not fit: " + faults +
      ": change the job's mapping, or delete the index so that it is made anew");
}

Result<json> make_settings(const std::vector<std::string>& settings_json) {
  json settings = json::object();
  for (const std::string& one : settings_json) {
    SYNCLINE_ASSIGN(const json parsed, parse_object(one, "the index settings"));
    settings.merge_patch(parsed);
  }
  if (!sets_gc_deletes(settings)) settings["index.gc_deletes"] = kGcDeletes;
  return settings;
}

std::string field_names(const json& properties) {
  std::string names;
  collect_names(properties, "", names);
  return names;
}

}  // namespace syncline::index
