#include "capture/privileges.h"

#include <vector>

#include "embedded_sql.h"

namespace syncline::capture {

Status check_privileges(postgres::Session& session, const std::string& capture_schema,
                        const TableNames& tables) {
  static const std::string sql(embedded::missing_privileges);
  std::vector<std::string> schemas, names;
  for (const auto& [schema, name] : tables) {
    schemas.push_back(schema);
    names.push_back(name);
  }
  SYNCLINE_ASSIGN(const postgres::Rows found,
                  session.query(sql, {capture_schema, postgres::Session::array_literal(schemas),
                                      postgres::Session::array_literal(names)}));
  if (found.text(0, 0).empty()) return {};
  return Error::needs_person(
      "role " + found.text(0, 2) + " " + found.text(0, 0) + "; run: " + found.text(0, 1),
      Origin::database, kInsufficientPrivilege);
}

Status check_schema_is_open(postgres::Session& session, const std::string& capture_schema) {
  SYNCLINE_ASSIGN(
      const postgres::Rows owner,
      session.query("SELECT quote_ident(pg_get_userbyid(c.relowner)), quote_ident(n.nspname),"
                    " quote_ident(current_user) FROM pg_class c JOIN pg_namespace n ON n.oid ="
                    " c.relnamespace WHERE n.nspname = $1 AND c.relname = 'instance'"
                    " AND NOT (pg_has_role(c.relowner, 'USAGE')"
                    " AND has_schema_privilege(n.oid, 'USAGE'))",
                    {capture_schema}));
  if (owner.empty()) return {};
  const std::string other = owner.text(0, 0);
  return Error::needs_person(
      "schema " + owner.text(0, 1) + " was made by role " + other +
      ", for another Syncline: give this source a capture_schema of its own;" +
      " or, if it was this Syncline that connected as " + other + " before, run: GRANT " + other +
      " TO " + owner.text(0, 2));
}

}  // namespace syncline::capture
