// The part of Member that knits the members of one plan together.
#include <algorithm>
#include <map>

#include "compose/member.h"
#include "document/compare_value.h"

namespace syncline::compose {

namespace {

// The name below which a member writes a field: of an object's it is a path.
std::string field_path(const Member& member, const std::string& alias) {
  return member.is(JobType::object) ? member.config.spec.object_name + "." + alias : alias;
}

void make_writer(Member& member, const Members& members) {
  std::vector<document::OutputField> fields;
  for (const Mapping& mapping : member.mappings) {
    document::OutputField field{mapping.alias, member.table.column(mapping.source_column)->type,
                                *member.value_of_field(mapping.alias), 0};
    for (const auto& later : members) {
      if (!member.is(JobType::index) || !later->is(JobType::index) || later->bit <= member.bit)
        continue;
      if (later->value_of_field(mapping.alias)) field.overridden_by |= uint64_t{1} << later->bit;
    }
    fields.push_back(std::move(field));
  }
  member.writer.emplace(std::move(fields));
}

Error cannot_compare(const Member& property, const std::string& why) {
  return Error::needs_person("target.property.compare.target \"" +
                             property.config.spec.compare_target + "\" " + why);
}

Status add_provider(Member& property, const Member& provider, size_t value) {
  const PgTypePtr& type = provider.type_of_value(value);
  const auto family = document::family_of(*type);
  const auto own = document::family_of(*property.link_types.front());
  if (!family) {
    return cannot_compare(property, "is of type " + type->name + " in job " + provider.name() +
                                        "; only single values can be compared");
  }
  if (family != own) {
    return cannot_compare(
        property, "is a " + std::string(document::family_name(*family)) + " in job " +
                      provider.name() + ", but compare.source is a " +
                      std::string(document::family_name(*own)) + "; choose columns of one family");
  }
  property.providers.push_back(
      {provider.place, value, type,
       postgres::LinkPages(provider.table, provider.link,
                           provider.columns[value - provider.link.size()])});
  return {};
}

// A path into a value that is no object of ours.
bool leads_into(const Member& member, const std::string& path) {
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    const std::string outer = path.substr(0, dot);
    if (member.is(JobType::nested) && outer == member.config.spec.nested_name) return true;
    for (const Mapping& mapping : member.mappings) {
      if (!member.is(JobType::nested) && field_path(member, mapping.alias) == outer) return true;
    }
  }
  return false;
}

Status find_providers(Member& property, const Members& members) {
  const std::string& path = property.config.spec.compare_target;
  for (const auto& member : members) {
    if (member.get() == &property) continue;
    if (leads_into(*member, path) ||
        (member->is(JobType::nested) && path == member->config.spec.nested_name)) {
      return cannot_compare(property, "leads into an array or json of job " + member->name() +
                                          "; only fields of their own can be compared");
    }
    if (member->is(JobType::nested)) continue;
    for (const Mapping& mapping : member->mappings) {
      if (field_path(*member, mapping.alias) != path) continue;
      SYNCLINE_RETURN_IF_ERROR(
          add_provider(property, *member, *member->value_of_field(mapping.alias)));
    }
  }
  return {};
}

// A property is composed after those whose fields it compares with.
Status find_depths(Members& members) {
  std::string deepest;
  for (size_t round = 0; round <= members.size(); ++round) {
    bool changed = false;
    for (const auto& member : members) {
      for (const Provider& provider : member->providers) {
        const Member& other = *members[provider.member];
        if (!other.is(JobType::property) || member->depth > other.depth) continue;
        member->depth = other.depth + 1;
        deepest = member->name();
        changed = true;
      }
    }
    if (!changed) return {};
  }
  return Error::needs_person("its compare.target leads back to a field that it sets itself",
                             Origin::config)
      .blaming(deepest);
}

std::string create_index(const Member& member, const std::string& columns) {
  // Partitioned tables cannot have theirs made concurrently.
  return std::string("CREATE INDEX ") + (member.table.plain ? "CONCURRENTLY " : "") + "ON " +
         member.table.qualified_name + " (" + columns + ");";
}

}  // namespace

Status connect_members(Members& members) {
  size_t bits = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    members[i]->place = i;
    if (members[i]->is(JobType::index)) members[i]->bit = bits++;
  }
  for (const auto& member : members) make_writer(*member, members);
  for (const auto& member : members) {
    if (!member->is(JobType::property)) continue;
    Status found = find_providers(*member, members);
    if (!found.ok()) return std::move(found).error().blaming(member->name());
  }
  return find_depths(members);
}

std::vector<std::string> fan_out_jobs(const Member& member, const Members& members) {
  if (!member.is(JobType::property)) return {};
  std::vector<std::string> jobs = {member.name()};
  for (const Provider& provider : member.providers) {
    for (std::string& further : fan_out_jobs(*members[provider.member], members)) {
      if (std::find(jobs.begin(), jobs.end(), further) == jobs.end())
        jobs.push_back(std::move(further));
    }
  }
  return jobs;
}

std::vector<std::string> missing_indexes(const Member& member, const Members& members) {
  std::vector<std::string> sentences;
  const auto has_index = [&](const std::string& column) { return member.table.is_indexed(column); };
  if (std::none_of(member.link.begin(), member.link.end(), has_index)) {
    std::string columns;
    for (const std::string& column : member.link)
      columns += (columns.empty() ? "" : ", ") + postgres::Session::quote_identifier(column);
    sentences.push_back(
        "rows of " + member.table.qualified_name +
        " are looked up without an index; this helps: " + create_index(member, columns));
  }
  for (const Provider& provider : member.providers) {
    const Member& other = *members[provider.member];
    const std::string& column = other.columns[provider.value - other.link.size()];
    if (other.table.is_indexed(column)) continue;
    sentences.push_back("documents that a row of " + member.table.qualified_name +
                        " touches are looked for without an index; this helps: " +
                        create_index(other, postgres::Session::quote_identifier(column)));
  }
  return sentences;
}

}  // namespace syncline::compose
