#include "capture/plan_records.h"

#include "capture/plan_store.h"

namespace syncline::capture {

template <class Use>
std::invoke_result_t<Use, postgres::Session&> PlanRecords::with_session(Use use) const {
  if (in_hand_ != nullptr) return use(*in_hand_);
  SYNCLINE_ASSIGN(const auto session,
                  sessions_->acquire(postgres::SessionPool::Use::short_work, *stop_, patience_));
  return use(*session);
}

Result<PlanRecord> PlanRecords::open(int64_t version_floor) const {
  return with_session(
      [&](postgres::Session& session) { return store_->open_plan(session, plan_, version_floor); });
}

Result<int64_t> PlanRecords::take_version(int number) const {
  return with_session(
      [&](postgres::Session& session) { return store_->take_version(session, number); });
}

Status PlanRecords::raise_version(int number, int64_t at_least) const {
  return with_session(
      [&](postgres::Session& session) { return store_->raise_version(session, number, at_least); });
}

Status PlanRecords::set_shape(const std::optional<std::string>& shape) const {
  return with_session(
      [&](postgres::Session& session) { return store_->set_shape(session, plan_, shape); });
}

Status PlanRecords::set_strangers(int64_t strangers) const {
  return with_session(
      [&](postgres::Session& session) { return store_->set_strangers(session, plan_, strangers); });
}

Status PlanRecords::set_swept(const std::optional<std::string>& swept) const {
  return with_session(
      [&](postgres::Session& session) { return store_->set_swept(session, plan_, swept); });
}

Status PlanRecords::sweep_ended(int64_t strangers, const std::string& shape) const {
  return with_session([&](postgres::Session& session) -> Status {
    SYNCLINE_RETURN_IF_ERROR(store_->set_strangers(session, plan_, strangers));
    return store_->set_shape(session, plan_, shape);
  });
}

Status PlanRecords::add_fan_out(const std::string& job, const std::string& key) const {
  return with_session(
      [&](postgres::Session& session) { return store_->add_fan_out(session, plan_, job, key); });
}

Result<std::vector<FanOutRecord>> PlanRecords::fan_outs(const std::string& job, int max) const {
  return with_session(
      [&](postgres::Session& session) { return store_->fan_outs(session, plan_, job, max); });
}

Result<int64_t> PlanRecords::count_fan_outs(const std::string& job) const {
  return with_session(
      [&](postgres::Session& session) { return store_->count_fan_outs(session, plan_, job); });
}

Status PlanRecords::save_fan_out(const FanOutRecord& record) const {
  return with_session(
      [&](postgres::Session& session) { return store_->save_fan_out(session, record); });
}

Status PlanRecords::remove_fan_out(int64_t id) const {
  return with_session(
      [&](postgres::Session& session) { return store_->remove_fan_out(session, id); });
}

Result<std::optional<MemberRecord>> PlanRecords::read_member(const std::string& job) const {
  return with_session(
      [&](postgres::Session& session) { return store_->read_member(session, plan_, job); });
}

Status PlanRecords::start_member(const std::string& job, MemberRecord& record) const {
  return with_session([&](postgres::Session& session) {
    return store_->start_member(session, plan_, job, record);
  });
}

Status PlanRecords::save_position(const std::string& job, const Position& position) const {
  return with_session([&](postgres::Session& session) {
    return store_->save_position(session, plan_, job, position);
  });
}

Status PlanRecords::save_load(const std::string& job, const LoadProgress& load) const {
  return with_session(
      [&](postgres::Session& session) { return store_->save_load(session, plan_, job, load); });
}

}  // namespace syncline::capture
