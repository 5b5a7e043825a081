#include "capture/publications.h"

namespace syncline::capture {

namespace {

constexpr int kSchemasSince = 150000;  // FOR TABLES IN SCHEMA

// A slot does not tell whose publications its reader asks for, so each that could counts.
std::string publications_sql(int server_version) {
  std::string sql =
      "SELECT string_agg(quote_ident(p.pubname), ', ' ORDER BY p.pubname),"
      " (SELECT string_agg(quote_ident(s.slot_name), ', ' ORDER BY s.slot_name)"
      "  FROM pg_replication_slots s WHERE s.plugin = 'pgoutput' AND NOT s.temporary"
      "  AND s.database = current_database())"
      " FROM pg_publication p WHERE p.puballtables OR $1::text IS NULL";
  if (server_version >= kSchemasSince) {
    sql +=
        " OR EXISTS (SELECT FROM pg_publication_namespace m JOIN pg_namespace n ON n.oid ="
        " m.pnnspid WHERE m.pnpubid = p.oid AND n.nspname = $1::text)";
  }
  return sql;
}

}  // namespace

Result<Publications> find_publications(postgres::Session& session,
                                       const std::string& capture_schema) {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query(publications_sql(session.server_version()), {capture_schema}));
  return Publications{rows.text(0, 0), rows.text(0, 1)};
}

}  // namespace syncline::capture
