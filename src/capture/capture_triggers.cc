// The part of Capture that knows a watch's triggers: which there should be, which there are, and
// what passes them by.
#include <algorithm>
#include <map>

#include "capture/capture.h"
#include "capture/privileges.h"
#include "embedded_sql.h"

namespace syncline::capture {

namespace {

std::string listed(const std::string& list, const std::string& item, std::string_view separator) {
  return list.empty() ? item : list + std::string(separator) + item;
}

bool all_owned(const WatchedRelations& relations) {
  return std::all_of(relations.relations.begin(), relations.relations.end(),
                     [](const WatchedRelation& relation) { return relation.owned; });
}

std::string oids_of(const WatchedRelations& relations) {
  std::string oids;
  for (const WatchedRelation& relation : relations.relations)
    oids = listed(oids, std::to_string(relation.oid), ",");
  return "{" + oids + "}";
}

// Statements by which its owner makes triggers fire ALWAYS; clones follow their parents. A TRUNCATE
// of a partition alone is left aside: else each new partition would be news.
constexpr const char* kEnableSql =
    "SELECT string_agg(x.sql, '; ' ORDER BY NOT x.root, x.sql) FROM ("
    " SELECT t.tgrelid = $3::oid AS root, 'ALTER TABLE ' ||"
    "  CASE WHEN c.relkind = 'p' AND p.proname LIKE '%truncate' THEN 'ONLY ' ELSE '' END ||"
    "  quote_ident(n.nspname) || '.' || quote_ident(c.relname) || ' ' ||"
    "  string_agg('ENABLE ALWAYS TRIGGER ' || quote_ident(t.tgname), ', ' ORDER BY t.tgname) AS sql"
    " FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE p.pronamespace = to_regnamespace($1) AND p.proname = ANY ($2::text[])"
    " AND t.tgenabled = 'O' AND t.tgrelid = ANY ($4::oid[])"
    " AND (t.tgrelid = $3::oid OR p.proname NOT LIKE '%truncate')"
    " AND NOT EXISTS (SELECT FROM pg_trigger a WHERE a.oid = t.tgparentid AND a.tgenabled = 'O')"
    " GROUP BY 1, c.relkind = 'p' AND p.proname LIKE '%truncate', c.relkind, n.nspname, c.relname,"
    "  p.proname LIKE '%truncate') x";

// Partitions on which our role lacks a privilege, and the statements that grant them.
constexpr const char* kLackingSql =
    "WITH lacking AS (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,"
    "  quote_ident(n.nspname) AS schema, quote_ident(pg_get_userbyid(c.relowner)) AS owner,"
    "  has_schema_privilege(n.oid, 'USAGE') AS usage, quote_ident(current_user) AS self"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.oid = ANY ($2::oid[]) AND c.oid <> $1::oid AND NOT (has_schema_privilege(n.oid,"
    "  'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'TRIGGER'))"
    " ORDER BY c.oid DESC LIMIT 20)"
    " SELECT (SELECT string_agg(name, ', ') FROM lacking), (SELECT string_agg(s.sql, '; ') FROM ("
    " SELECT DISTINCT 'GRANT USAGE ON SCHEMA ' || schema || ' TO ' || self AS sql FROM lacking"
    "  WHERE NOT usage"
    " UNION ALL SELECT 'GRANT SELECT, TRIGGER ON ' || string_agg(name, ', ') || ' TO ' || self"
    "  FROM lacking GROUP BY self) s),"
    " (SELECT string_agg(DISTINCT 'ALTER DEFAULT PRIVILEGES FOR ROLE ' || owner || ' IN SCHEMA ' ||"
    "  schema || ' GRANT SELECT, TRIGGER ON TABLES TO ' || self, '; ') FROM lacking)";

}  // namespace

bool WatchedRelations::plain() const {
  return relations.size() == 1 && relations.front().kind == 'r' && !related && !subscriber &&
         temp_file_limits.empty();
}

Result<WatchedRelations> Capture::read_relations(postgres::Session& session, uint32_t table) const {
  static const std::string sql =
      std::string(
          "WITH RECURSIVE tree(oid, leaving) AS (SELECT $1::oid, false"
          " UNION SELECT i.inhrelid, t.leaving OR NOT (") +
      postgres::kIsNotLeaving +
      ") FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid)"
      "SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind,"
      " pg_has_role(c.relowner, 'USAGE'), has_table_privilege(c.oid, 'TRIGGER') AND"
      " has_schema_privilege(n.oid, 'USAGE'), t.leaving,"
      " EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid)"
      // Their workers fire no statement triggers either.
      " OR EXISTS (SELECT FROM pg_extension e WHERE e.extname IN ('pglogical', 'spock', 'bdr')),"
      " EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid), " +
      std::string(embedded::temp_file_limits) +
      " FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid ="
      " c.relnamespace ORDER BY c.oid <> $1::oid, c.oid";
  SYNCLINE_ASSIGN(const postgres::Rows rows, session.query(sql, {std::to_string(table)}));
  WatchedRelations found;
  for (int i = 0; i < rows.size(); ++i) {
    const auto oid = static_cast<uint32_t>(rows.integer(i, 0));
    if (rows.boolean(i, 5)) {
      found.leaving.push_back(oid);
      continue;
    }
    found.relations.push_back(
        {oid, rows.text(i, 1), rows.text(i, 2)[0], rows.boolean(i, 3), rows.boolean(i, 4)});
    found.subscriber = found.subscriber || rows.boolean(i, 6);
    found.related = found.related || rows.boolean(i, 7);
    found.temp_file_limits = rows.text(i, 8);
  }
  return found;
}

std::vector<Capture::Trigger> Capture::triggers_of(const WatchedRelations& relations,
                                                   const std::string& watch) const {
  std::vector<Trigger> triggers;
  const auto add = [&](const WatchedRelation& relation, const std::string& event,
                       const std::string& when, const std::string& how, const std::string& suffix) {
    const std::string name = trigger_name(watch, event);
    const std::string function = "capture_" + watch + "_" + suffix;
    std::string sql = "CREATE TRIGGER " + postgres::Session::quote_identifier(name) + " AFTER " +
                      when + " ON " + relation.qualified_name + " " + how + " EXECUTE FUNCTION " +
                      schema_ + "." + function + "();";
    if (relation.owned) {
      sql += "ALTER TABLE ONLY " + relation.qualified_name + " ENABLE ALWAYS TRIGGER " +
             postgres::Session::quote_identifier(name) + ";";
    }
    triggers.push_back({relation.oid, name, function, std::move(sql)});
  };
  // The clones that partitions get of a parent's row trigger come by themselves; the parent's
  // statement triggers would miss writes to a leaf, and a leaf's those through the parent.
  for (const WatchedRelation& relation : relations.relations) {
    const bool root = &relation == &relations.relations.front();
    if (relations.plain()) {
      add(relation, "insert", "INSERT", "REFERENCING NEW TABLE AS captured FOR EACH STATEMENT",
          "statement");
      add(relation, "delete", "DELETE", "REFERENCING OLD TABLE AS captured FOR EACH STATEMENT",
          "statement");
      add(relation, "update", "UPDATE", "FOR EACH ROW", "row");
    } else if (root || !relations.clones()) {
      add(relation, "row", "INSERT OR UPDATE OR DELETE", "FOR EACH ROW", "row");
    }
    // A partition that somebody made without granting anything goes without.
    if (root || !relations.clones() || relation.may_trigger)
      add(relation, "truncate", "TRUNCATE", "FOR EACH STATEMENT", "truncate");
  }
  return triggers;
}

// Those that were created with their parent's just now.
std::string Capture::enable_clones_sql(const WatchedRelations& relations,
                                       const std::string& watch) const {
  std::string sql;
  if (!relations.clones()) return sql;
  for (size_t i = 1; i < relations.relations.size(); ++i) {
    if (!relations.relations[i].owned) continue;
    sql += "ALTER TABLE ONLY " + relations.relations[i].qualified_name + " ENABLE ALWAYS TRIGGER " +
           postgres::Session::quote_identifier(trigger_name(watch, "row")) + ";";
  }
  return sql;
}

// The server asks for the privilege on every partition that a row trigger is cloned onto.
Status Capture::check_may_create(const WatchedRelations& relations,
                                 const std::vector<Trigger>& triggers) const {
  const auto concerned = [&](const WatchedRelation& relation) {
    return std::any_of(triggers.begin(), triggers.end(), [&](const Trigger& trigger) {
      return trigger.relation == relation.oid ||
             (relations.clones() && trigger.function.ends_with("_row"));
    });
  };
  std::string names;
  for (const WatchedRelation& relation : relations.relations) {
    if (!relation.may_trigger && concerned(relation))
      names = listed(names, relation.qualified_name, ", ");
  }
  if (names.empty()) return {};
  return Error::needs_person("no privilege to put triggers on " + names +
                                 "; run: GRANT SELECT, TRIGGER ON " + names + " TO " +
                                 postgres::Session::quote_identifier(spec_.user),
                             Origin::database, kInsufficientPrivilege);
}

// Those that stand, clones aside. A partition that is leaving keeps what it has.
Result<Capture::PresentTriggers> Capture::read_triggers(postgres::Session& session,
                                                        const std::string& watch,
                                                        const WatchedRelations& relations,
                                                        const std::vector<Trigger>& wanted) const {
  SYNCLINE_ASSIGN(
      const postgres::Rows found,
      session.query("SELECT t.tgrelid, t.tgname, t.tgparentid <> 0, t.tgenabled IN ('A', 'O'),"
                    " p.proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
                    " WHERE p.pronamespace = to_regnamespace($1) AND p.proname = ANY ($2::text[])",
                    {schema_, postgres::Session::array_literal(function_names(watch))}));
  PresentTriggers present;
  for (int i = 0; i < found.size(); ++i) {
    const auto relation = static_cast<uint32_t>(found.integer(i, 0));
    const std::string name = found.text(i, 1);
    if (std::count(relations.leaving.begin(), relations.leaving.end(), relation) > 0) continue;
    if (!found.boolean(i, 3)) present.unfit.insert(found.text(i, 4));
    if (found.boolean(i, 2)) continue;
    present.names.emplace(relation, name);
    const bool in_place = std::any_of(wanted.begin(), wanted.end(), [&](const Trigger& trigger) {
      return trigger.relation == relation && trigger.name == name;
    });
    if (!in_place) present.unfit.insert(found.text(i, 4));
  }
  return present;
}

// Wherever our role owns the table they fire whatever session_replication_role says. Those of
// earlier releases do not, those on a table that became ours, and clones made by older servers.
Status Capture::enable_always(postgres::Session& session, const std::string& watch,
                              const WatchedRelations& relations, const StopSignal& stop) const {
  SYNCLINE_ASSIGN(
      const postgres::Rows found,
      session.query(
          "SELECT t.tgrelid, t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
          " WHERE p.pronamespace = to_regnamespace($1) AND p.proname = ANY ($2::text[])"
          " AND t.tgenabled = 'O'",
          {schema_, postgres::Session::array_literal(function_names(watch))}));
  std::string script;
  for (int i = 0; i < found.size(); ++i) {
    for (const WatchedRelation& relation : relations.relations) {
      if (!relation.owned || relation.oid != static_cast<uint32_t>(found.integer(i, 0))) continue;
      script += "ALTER TABLE ONLY " + relation.qualified_name + " ENABLE ALWAYS TRIGGER " +
                postgres::Session::quote_identifier(found.text(i, 1)) + ";";
    }
  }
  return script.empty() ? Status() : with_short_locks(session, script, stop);
}

Status Capture::read_warnings(postgres::Session& session, int watch,
                              const WatchedRelations& relations,
                              std::vector<std::string>& warnings) const {
  const WatchedRelation& table = relations.relations.front();
  const std::string root = std::to_string(table.oid);
  const std::string oids = oids_of(relations);
  const std::string role = postgres::Session::quote_identifier(spec_.user);
  const std::string functions =
      postgres::Session::array_literal(function_names(std::to_string(watch)));
  SYNCLINE_ASSIGN(const postgres::Rows enable,
                  session.query(kEnableSql, {schema_, functions, root, oids}));
  if (const std::string statements = enable.text(0, 0); !statements.empty()) {
    const std::string what =
        std::string("writes under session_replication_role = replica") +
        (relations.subscriber ? ", and rows that a subscription brings," : "") +
        " are not captured";
    warnings.push_back(
        all_owned(relations)
            ? what + " until other transactions leave " + table.qualified_name + " for a moment"
            : what + ", since role " + role + " does not own " + table.qualified_name +
                  "; run, as its owner: " + statements + "; or, once for all: ALTER TABLE " +
                  table.qualified_name + " OWNER TO " + role);
  }
  SYNCLINE_ASSIGN(const postgres::Rows lacking, session.query(kLackingSql, {root, oids}));
  if (const std::string names = lacking.text(0, 0); !names.empty()) {
    warnings.push_back("role " + role + " lacks privileges on partitions: rows of " + names +
                       " are read through " + table.qualified_name +
                       ", and a TRUNCATE of one of them alone is not seen; run: " +
                       lacking.text(0, 1) + "; and for those to come: " + lacking.text(0, 2));
  }
  if (!relations.temp_file_limits.empty() && !relations.related && !relations.subscriber) {
    warnings.push_back(
        "INSERT and DELETE are captured row by row, which is slower for many rows at"
        " once, since temp_file_limit is set for " +
        relations.temp_file_limits + " and would count the rows of a large statement once more");
  }
  return {};
}

}  // namespace syncline::capture
