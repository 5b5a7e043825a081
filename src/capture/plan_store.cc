#include "capture/plan_store.h"

#include "capture/snapshot.h"

namespace syncline::capture {

namespace {

postgres::Param number_or_null(const std::optional<int64_t>& value) {
  return value ? postgres::Param(std::to_string(*value)) : std::nullopt;
}

std::optional<int64_t> optional_number(const postgres::Rows& rows, int row, int column) {
  if (!rows.get(row, column)) return std::nullopt;
  return rows.integer(row, column);
}

Status done(Result<postgres::Rows> result) {
  return result.ok() ? Status() : Status(std::move(result).error());
}

}  // namespace

Result<PlanRecord> PlanStore::open_plan(postgres::Session& session, const std::string& plan,
                                        int64_t version_floor) const {
  const std::string select = "SELECT number, shape, version_base, strangers, swept FROM " +
                             schema_ + ".plan WHERE id = $1";
  SYNCLINE_ASSIGN(postgres::Rows rows, session.query(select, {plan}));
  if (rows.empty()) {
    SYNCLINE_RETURN_IF_ERROR(
        done(session.query("INSERT INTO " + schema_ +
                               ".plan (id, version_base) VALUES ($1, $2::bigint)"
                               " ON CONFLICT DO NOTHING",
                           {plan, std::to_string(version_floor)})));
    SYNCLINE_ASSIGN(rows, session.query(select, {plan}));
  }
  PlanRecord record;
  record.number = static_cast<int>(rows.integer(0, 0));
  if (const auto shape = rows.get(0, 1)) record.shape = std::string(*shape);
  record.version_base = rows.integer(0, 2);
  record.strangers = rows.integer(0, 3);
  if (const auto swept = rows.get(0, 4)) record.swept = std::string(*swept);
  SYNCLINE_RETURN_IF_ERROR(
      session.script("CREATE SEQUENCE IF NOT EXISTS " + version_sequence(record.number)));
  SYNCLINE_RETURN_IF_ERROR(raise_version(session, record.number, version_floor));
  return record;
}

Result<int64_t> PlanStore::take_version(postgres::Session& session, int number) const {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query("SELECT nextval('" + version_sequence(number) + "')"));
  return rows.integer(0, 0);
}

Status PlanStore::raise_version(postgres::Session& session, int number, int64_t at_least) const {
  const std::string sequence = version_sequence(number);
  return done(session.query(
      "SELECT setval('" + sequence + "', greatest(last_value, $1::bigint)) FROM " + sequence,
      {std::to_string(at_least)}));
}

Status PlanStore::set_shape(postgres::Session& session, const std::string& plan,
                            const std::optional<std::string>& shape) const {
  return done(
      session.query("UPDATE " + schema_ + ".plan SET shape = $2 WHERE id = $1", {plan, shape}));
}

Status PlanStore::set_strangers(postgres::Session& session, const std::string& plan,
                                int64_t strangers) const {
  return done(session.query("UPDATE " + schema_ + ".plan SET strangers = $2::bigint WHERE id = $1",
                            {plan, std::to_string(strangers)}));
}

Status PlanStore::set_swept(postgres::Session& session, const std::string& plan,
                            const std::optional<std::string>& swept) const {
  return done(
      session.query("UPDATE " + schema_ + ".plan SET swept = $2 WHERE id = $1", {plan, swept}));
}

Status PlanStore::add_fan_out(postgres::Session& session, const std::string& plan,
                              const std::string& job, const std::string& key) const {
  return done(session.query("INSERT INTO " + schema_ +
                                ".fan_out (plan, job, key, digest)"
                                " VALUES ($1, $2, $3, sha256(convert_to($3, 'UTF8')))"
                                " ON CONFLICT (plan, job, digest) DO UPDATE SET resume = NULL",
                            {plan, job, key}));
}

Result<std::vector<FanOutRecord>> PlanStore::fan_outs(postgres::Session& session,
                                                      const std::string& plan,
                                                      const std::string& job, int max) const {
  SYNCLINE_ASSIGN(const postgres::Rows rows,
                  session.query("SELECT id, key, resume FROM " + schema_ +
                                    ".fan_out WHERE plan = $1 AND job = $2 ORDER BY id LIMIT "
                                    "$3::int",
                                {plan, job, std::to_string(max)}));
  std::vector<FanOutRecord> records;
  for (int i = 0; i < rows.size(); ++i)
    records.push_back({rows.integer(i, 0), rows.text(i, 1), rows.text(i, 2)});
  return records;
}

Result<int64_t> PlanStore::count_fan_outs(postgres::Session& session, const std::string& plan,
                                          const std::string& job) const {
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query("SELECT count(*) FROM " + schema_ + ".fan_out WHERE plan = $1 AND job = $2",
                    {plan, job}));
  return rows.integer(0, 0);
}

Status PlanStore::save_fan_out(postgres::Session& session, const FanOutRecord& record) const {
  return done(session.query("UPDATE " + schema_ + ".fan_out SET resume = $2 WHERE id = $1::bigint",
                            {std::to_string(record.id), record.resume}));
}

Status PlanStore::remove_fan_out(postgres::Session& session, int64_t id) const {
  return done(session.query("DELETE FROM " + schema_ + ".fan_out WHERE id = $1::bigint",
                            {std::to_string(id)}));
}

Result<std::optional<MemberRecord>> PlanStore::read_member(postgres::Session& session,
                                                           const std::string& plan,
                                                           const std::string& job) const {
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query("SELECT watch, definition, index_uuid, resync, position::text, load_leaf, "
                    "load_file_node, load_block,"
                    " load_rows_done, load_rows_estimate, load_started_us, load_finished_us"
                    " FROM " +
                        schema_ + ".member WHERE plan = $1 AND job = $2",
                    {plan, job}));
  if (rows.empty()) return std::optional<MemberRecord>();
  MemberRecord record;
  record.watch = static_cast<int>(rows.integer(0, 0));
  record.definition = rows.text(0, 1);
  record.index_uuid = rows.text(0, 2);
  record.resync = rows.integer(0, 3);
  const auto snapshot = Snapshot::parse(rows.text(0, 4));
  if (!snapshot) return Error::bug("not a snapshot: " + rows.text(0, 4));
  record.position = snapshot->position();
  record.load = {static_cast<uint32_t>(rows.integer(0, 5)),
                 rows.integer(0, 6),
                 rows.integer(0, 7),
                 rows.integer(0, 8),
                 optional_number(rows, 0, 9),
                 rows.integer(0, 10),
                 optional_number(rows, 0, 11)};
  return std::optional<MemberRecord>(std::move(record));
}

Status PlanStore::start_member(postgres::Session& session, const std::string& plan,
                               const std::string& job, MemberRecord& record) const {
  SYNCLINE_RETURN_IF_ERROR(done(session.query(
      "DELETE FROM " + schema_ + ".fan_out WHERE plan = $1 AND job = $2", {plan, job})));
  SYNCLINE_ASSIGN(
      const postgres::Rows rows,
      session.query("INSERT INTO " + schema_ +
                        ".member (plan, job, watch, definition, index_uuid, resync, position,"
                        " load_rows_estimate, load_started_us)"
                        " VALUES ($1, $2, $3::int, $4, $5, $6::bigint, pg_current_snapshot(), "
                        "$7::bigint, $8::bigint)"
                        " ON CONFLICT (plan, job) DO UPDATE SET watch = EXCLUDED.watch, definition "
                        "= EXCLUDED.definition,"
                        " index_uuid = EXCLUDED.index_uuid, resync = EXCLUDED.resync, position = "
                        "EXCLUDED.position,"
                        " load_leaf = 0, load_file_node = 0, load_block = 0, load_rows_done = 0,"
                        " load_rows_estimate = EXCLUDED.load_rows_estimate, load_started_us = "
                        "EXCLUDED.load_started_us,"
                        " load_finished_us = NULL RETURNING position::text",
                    {plan, job, std::to_string(record.watch), record.definition, record.index_uuid,
                     std::to_string(record.resync), number_or_null(record.load.rows_estimate),
                     std::to_string(record.load.started_us)}));
  const auto snapshot = Snapshot::parse(rows.text(0, 0));
  if (!snapshot) return Error::bug("not a snapshot: " + rows.text(0, 0));
  record.position = snapshot->position();
  return {};
}

Status PlanStore::save_position(postgres::Session& session, const std::string& plan,
                                const std::string& job, const Position& position) const {
  return done(session.query(
      "UPDATE " + schema_ + ".member SET position = $3::pg_snapshot WHERE plan = $1 AND job = $2",
      {plan, job, position.text()}));
}

Status PlanStore::save_load(postgres::Session& session, const std::string& plan,
                            const std::string& job, const LoadProgress& load) const {
  return done(session.query(
      "UPDATE " + schema_ +
          ".member SET load_leaf = $3::oid, load_file_node = $4::bigint,"
          " load_block = $5::bigint, load_rows_done = $6::bigint, load_rows_estimate = $7::bigint,"
          " load_finished_us = $8::bigint WHERE plan = $1 AND job = $2",
      {plan, job, std::to_string(load.leaf), std::to_string(load.file_node),
       std::to_string(load.block), std::to_string(load.rows_done),
       number_or_null(load.rows_estimate), number_or_null(load.finished_us)}));
}

Status PlanStore::forget_others(postgres::Session& session,
                                const std::set<std::pair<std::string, std::string>>& wanted) const {
  std::vector<std::string> plans, jobs;
  for (const auto& [plan, job] : wanted) {
    plans.push_back(plan);
    jobs.push_back(job);
  }
  const std::string plan_array = postgres::Session::array_literal(plans);
  SYNCLINE_RETURN_IF_ERROR(done(session.query(
      "DELETE FROM " + schema_ +
          ".member m WHERE NOT EXISTS (SELECT FROM"
          " unnest($1::text[], $2::text[]) w(plan, job) WHERE w.plan = m.plan AND w.job = m.job)",
      {plan_array, postgres::Session::array_literal(jobs)})));
  SYNCLINE_RETURN_IF_ERROR(done(session.query(
      "DELETE FROM " + schema_ +
          ".fan_out f WHERE NOT EXISTS (SELECT FROM"
          " unnest($1::text[], $2::text[]) w(plan, job) WHERE w.plan = f.plan AND w.job = f.job)",
      {plan_array, postgres::Session::array_literal(jobs)})));
  SYNCLINE_ASSIGN(const postgres::Rows gone,
                  session.query("DELETE FROM " + schema_ +
                                    ".plan WHERE NOT id = ANY ($1::text[]) RETURNING number",
                                {plan_array}));
  for (int i = 0; i < gone.size(); ++i) {
    SYNCLINE_RETURN_IF_ERROR(session.script(
        "DROP SEQUENCE IF EXISTS " + version_sequence(static_cast<int>(gone.integer(i, 0)))));
  }
  return {};
}

}  // namespace syncline::capture
