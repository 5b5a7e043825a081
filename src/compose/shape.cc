#include "compose/shape.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "document/compare_value.h"
#include "document/json_string.h"

namespace syncline::compose {

namespace {

// The name below which a node writes a field: of an object's it is a path.
std::string field_path(const Node& node, const std::string& alias) {
  return node.place == Place::object ? node.name + "." + alias : alias;
}

Node make_node(const Member& member, size_t number) {
  Node node;
  node.place = member.form.place;
  node.number = number;
  node.member = &member;
  node.found_by = member.form.found_by;
  node.name = member.form.name;
  if (node.name.empty()) return node;
  document::append_json_string(node.name, node.opening);
  node.opening += ':';
  return node;
}

std::vector<Node> make_nodes(const Members& members) {
  std::vector<Node> nodes;
  nodes.reserve(members.size());
  size_t bits = 0;
  for (const auto& member : members) {
    nodes.push_back(make_node(*member, nodes.size()));
    if (member->defines_documents()) nodes.back().defines = uint64_t{1} << bits++;
  }
  return nodes;
}

// The bits of those that give a field instead of this node where they have a row.
uint64_t overriders(const Node& node, const std::string& alias, const std::vector<Node>& nodes) {
  uint64_t bits = 0;
  if (node.defines == 0) return bits;
  for (const Node& later : nodes) {
    if (later.defines > node.defines && later.member->value_of_field(alias)) bits |= later.defines;
  }
  return bits;
}

document::RowWriter make_writer(const Node& node, const std::vector<Node>& nodes) {
  const Member& member = *node.member;
  std::vector<document::OutputField> fields;
  for (const Mapping& mapping : member.mappings) {
    fields.push_back({mapping.alias, member.table.column(mapping.source_column)->type,
                      *member.value_of_field(mapping.alias),
                      overriders(node, mapping.alias, nodes)});
  }
  return document::RowWriter(std::move(fields));
}

Error cannot_compare(const Node& node, const std::string& why) {
  return Error::needs_person("target.property.compare.target \"" +
                             node.member->config.spec.compare_target + "\" " + why);
}

const std::string& column_of(const Member& member, size_t value) {
  return member.columns[value - member.link.size()];
}

Status add_host(Node& node, const Node& host, size_t value) {
  const Member& member = *host.member;
  const PgTypePtr& type = member.type_of_value(value);
  const auto family = document::family_of(*type);
  const auto own = document::family_of(*node.member->link_types.front());
  if (!family) {
    return cannot_compare(node, "is of type " + type->name + " in job " + member.name() +
                                    "; only single values can be compared");
  }
  if (family != own) {
    return cannot_compare(node, "is a " + std::string(document::family_name(*family)) + " in job " +
                                    member.name() + ", but compare.source is a " +
                                    std::string(document::family_name(*own)) +
                                    "; choose columns of one family");
  }
  node.hosts.push_back({&host, value, type,
                        postgres::LinkPages(member.table, member.link, column_of(member, value))});
  return {};
}

// A path into a value that is no object of ours.
bool leads_into(const Node& node, const std::string& path) {
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    const std::string outer = path.substr(0, dot);
    if (node.place == Place::array && outer == node.name) return true;
    for (const Mapping& mapping : node.member->mappings) {
      if (node.place != Place::array && field_path(node, mapping.alias) == outer) return true;
    }
  }
  return false;
}

Status find_hosts(Node& node, const std::vector<Node>& nodes) {
  const std::string& path = node.member->config.spec.compare_target;
  for (const Node& other : nodes) {
    if (&other == &node) continue;
    if (leads_into(other, path) || (other.place == Place::array && path == other.name)) {
      return cannot_compare(node, "leads into an array or json of job " + other.member->name() +
                                      "; only fields of their own can be compared");
    }
    if (other.place == Place::array) continue;
    for (const Mapping& mapping : other.member->mappings) {
      if (field_path(other, mapping.alias) != path) continue;
      SYNCLINE_RETURN_IF_ERROR(add_host(node, other, *other.member->value_of_field(mapping.alias)));
    }
  }
  return {};
}

// A node found by a value is read after those whose fields it compares with.
Status find_levels(std::vector<Node>& nodes) {
  for (Node& node : nodes) node.level = node.found_by == FoundBy::value ? 1 : 0;
  std::string deepest;
  for (size_t round = 0; round <= nodes.size(); ++round) {
    bool changed = false;
    for (Node& node : nodes) {
      for (const Host& host : node.hosts) {
        if (node.level > host.node->level) continue;
        node.level = host.node->level + 1;
        deepest = node.member->name();
        changed = true;
      }
    }
    if (!changed) return {};
  }
  return Error::needs_person("its compare.target leads back to a field that it sets itself",
                             Origin::config)
      .blaming(deepest);
}

std::vector<std::vector<const Node*>> by_level(const std::vector<Node>& nodes) {
  std::vector<std::vector<const Node*>> levels(1);
  for (const Node& node : nodes) {
    levels.resize(std::max(levels.size(), node.level + 1));
    levels[node.level].push_back(&node);
  }
  return levels;
}

std::string create_index(const Member& member, const std::string& columns) {
  // Partitioned tables cannot have theirs made concurrently.
  return std::string("CREATE INDEX ") + (member.table.plain ? "CONCURRENTLY " : "") + "ON " +
         member.table.qualified_name + " (" + columns + ");";
}

}  // namespace

Result<Shape> compile_shape(const Members& members) {
  Shape shape;
  std::vector<Node>& nodes = shape.document.children = make_nodes(members);
  for (Node& node : nodes) node.writer = make_writer(node, nodes);
  for (Node& node : nodes) {
    if (node.found_by != FoundBy::value) continue;
    Status found = find_hosts(node, nodes);
    if (!found.ok()) return std::move(found).error().blaming(node.member->name());
  }
  SYNCLINE_RETURN_IF_ERROR(find_levels(nodes));
  shape.levels = by_level(nodes);
  return shape;
}

const Node& Shape::node_of(const Member& member) const {
  return *std::find_if(nodes().begin(), nodes().end(),
                       [&](const Node& node) { return node.member == &member; });
}

std::vector<std::string> fan_out_jobs(const Node& node) {
  if (node.found_by != FoundBy::value) return {};
  std::vector<std::string> jobs = {node.member->name()};
  for (const Host& host : node.hosts) {
    for (std::string& further : fan_out_jobs(*host.node)) {
      if (std::find(jobs.begin(), jobs.end(), further) == jobs.end())
        jobs.push_back(std::move(further));
    }
  }
  return jobs;
}

std::vector<std::string> missing_indexes(const Node& node) {
  std::vector<std::string> sentences;
  const Member& member = *node.member;
  const auto has_index = [&](const std::string& column) { return member.table.is_indexed(column); };
  if (std::none_of(member.link.begin(), member.link.end(), has_index)) {
    std::string columns;
    for (const std::string& column : member.link)
      columns += (columns.empty() ? "" : ", ") + postgres::Session::quote_identifier(column);
    sentences.push_back(
        "rows of " + member.table.qualified_name +
        " are looked up without an index; this helps: " + create_index(member, columns));
  }
  for (const Host& host : node.hosts) {
    const Member& other = *host.node->member;
    const std::string& column = column_of(other, host.value);
    if (other.table.is_indexed(column)) continue;
    sentences.push_back("documents that a row of " + member.table.qualified_name +
                        " touches are looked for without an index; this helps: " +
                        create_index(other, postgres::Session::quote_identifier(column)));
  }
  return sentences;
}

}  // namespace syncline::compose
