#include "api/routes.h"

#include <string>
#include <utility>

namespace syncline::api {

namespace {

// GET: the resource itself, or the list of them.
Answer read_answer(const control::Outcome& outcome) {
  return outcome.ok() ? answer_json(200, outcome.body()) : answer_refusal(outcome.refusal());
}

// Writes: {"result": true, "data": …}.
Answer write_answer(int status, control::Outcome outcome) {
  return outcome.ok() ? answer_data(status, std::move(outcome).body())
                      : answer_refusal(outcome.refusal());
}

void add_resource(Router& router, control::JobService& service, control::ResourceKind kind,
                  const std::string& path) {
  const std::string one = path + "/:name";
  // Of jobs each may hold a megabyte of settings.
  router.add(
      "GET", path, BodyRule::none,
      [&service, kind](const Call&) { return read_answer(service.resources().list(kind)); },
      kind == control::ResourceKind::job ? Effort::large : Effort::command);
  router.add("POST", path, BodyRule::required, [&service, kind](const Call& call) {
    return write_answer(201, service.resources().create(kind, call.body));
  });
  router.add("GET", one, BodyRule::none, [&service, kind](const Call& call) {
    return read_answer(service.resources().get(kind, call.name));
  });
  router.add("PUT", one, BodyRule::required, [&service, kind](const Call& call) {
    return write_answer(200, service.resources().replace(kind, call.name, call.body));
  });
  router.add("DELETE", one, BodyRule::none, [&service, kind](const Call& call) {
    return write_answer(200, service.resources().remove(kind, call.name));
  });
}

void add_job_commands(Router& router, control::JobService& service) {
  router.add("GET", "/jobs/:name/status", BodyRule::none, [&service](const Call& call) {
    return read_answer(service.jobs().status(call.name));
  });
  router.add("POST", "/jobs/:name/pause", BodyRule::optional, [&service](const Call& call) {
    return write_answer(200, service.jobs().pause(call.name));
  });
  router.add("POST", "/jobs/:name/resume", BodyRule::optional, [&service](const Call& call) {
    return write_answer(200, service.jobs().resume(call.name));
  });
  router.add("POST", "/jobs/:name/resync", BodyRule::options, [&service](const Call& call) {
    return write_answer(200, service.jobs().resync(call.name, call.body));
  });
  router.add("POST", "/jobs/:name/verify", BodyRule::options, [&service](const Call& call) {
    return write_answer(202, service.verifications().verify(call.name, call.body));
  });
}

void add_failures(Router& router, control::JobService& service) {
  router.add("GET", "/jobs/:name/failures", BodyRule::none, [&service](const Call& call) {
    return read_answer(service.parked().list(call.name, call.query));
  });
  router.add("POST", "/jobs/:name/failures/retry", BodyRule::options, [&service](const Call& call) {
    return write_answer(200, service.parked().retry(call.name, call.body));
  });
  router.add("DELETE", "/jobs/:name/failures/:id", BodyRule::none, [&service](const Call& call) {
    return write_answer(200, service.parked().give_up(call.name, call.id));
  });
}

Answer ready_answer(const control::JobCommands& jobs) {
  const std::vector<control::UnreadyJob> unready = jobs.unready();
  if (unready.empty()) return answer_data(200, "ready");
  std::vector<control::Fault> details;
  for (const control::UnreadyJob& job : unready)
    details.push_back({"jobs." + job.name, job.reason});
  const std::string count = std::to_string(unready.size());
  return answer_error(503, "not_ready",
                      count + (unready.size() == 1 ? " job is" : " jobs are") +
                          " not ready, first " + unready.front().name + ": " +
                          unready.front().reason,
                      details);
}

}  // namespace

Router make_routes(control::JobService& service) {
  Router router;
  add_resource(router, service, control::ResourceKind::source, "/sources");
  add_resource(router, service, control::ResourceKind::target, "/targets");
  add_resource(router, service, control::ResourceKind::job, "/jobs");
  add_job_commands(router, service);
  add_failures(router, service);
  router.add(
      "GET", "/health/live", BodyRule::none, [](const Call&) { return answer_data(200, "live"); },
      Effort::none);
  router.add(
      "GET", "/health/ready", BodyRule::none,
      [&service](const Call&) { return ready_answer(service.jobs()); }, Effort::memory);
  return router;
}

bool is_open_path(std::string_view path) {
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  return path == "/health/live" || path == "/health/ready";
}

}  // namespace syncline::api
