#include "control/job_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "control/installed_sources.h"
#include "control/status_json.h"
#include "control/test_support.h"

namespace syncline::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kSource = ResourceKind::source;
constexpr auto kTarget = ResourceKind::target;
constexpr auto kJob = ResourceKind::job;

class JobServiceTest : public testing::Test {
 protected:
  JobServiceTest() { start(); }

  // As after a restart of the process: only the file is left.
  void start() {
    service_.reset();
    engine_.reset();
    store_.reset();
    auto opened = Store::open(folder_.file("state.db"));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
    engine_ = std::make_unique<FakeEngine>();
    service_ = std::make_unique<JobService>(*store_, engine_->jobs, engine_->parked,
                                            engine_->verifications);
    const Status started = service_->start();
    ASSERT_TRUE(started.ok()) << started.error().message;
  }
  void create(ResourceKind kind, const Json& body) {
    const Outcome outcome = service_->resources().create(kind, body);
    ASSERT_TRUE(outcome.ok()) << outcome.refusal().message;
  }
  void create_all() {
    create(kSource, source_body());
    create(kTarget, target_body());
    create(kJob, job_body());
  }
  static void expect_refusal(const Outcome& outcome, RefusalCode code,
                             const std::vector<std::string>& paths) {
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.refusal().code, code);
    EXPECT_FALSE(outcome.refusal().message.empty());
    std::vector<std::string> found;
    for (const Fault& fault : outcome.refusal().details) found.push_back(fault.path);
    EXPECT_EQ(found, paths) << outcome.refusal().message;
  }
  std::vector<std::string> to_clean() const {
    std::vector<std::string> names;
    for (const auto& [name, source] : engine_->jobs.last()->sources_to_clean) {
      EXPECT_EQ(source.name, name);
      names.push_back(name);
    }
    return names;
  }
  SourceMemory& listener() {
    listener_ = std::make_unique<InstalledSources>(*store_);
    return *listener_;
  }

  TestFolder folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<FakeEngine> engine_;
  std::unique_ptr<JobService> service_;
  std::unique_ptr<SourceMemory> listener_;
};

TEST_F(JobServiceTest, CreatesListsAndGetsWithSecretsAsStars) {
  create_all();
  EXPECT_EQ(service_->resources().get(kJob, "orders").body(), job_body());
  EXPECT_EQ(service_->resources().get(kSource, "shop").body(),
            with(source_body(), "/config/password", "********"));
  EXPECT_EQ(service_->resources().get(kTarget, "search").body(), target_body());
  EXPECT_EQ(service_->resources().list(kJob).body(), Json::array({job_body()}));
  EXPECT_EQ(service_->resources().list(kSource).body()[0]["config"]["password"], "********");
  EXPECT_EQ(engine_->jobs.last()->sources.at("shop").password, "pw");
  EXPECT_EQ(engine_->jobs.last()->jobs.at("orders").spec.index, "orders");
}

TEST_F(JobServiceTest, DoesNotInventFields) {
  create(kSource, with(source_body(), "/config/password", "DROP"));
  EXPECT_FALSE(service_->resources().get(kSource, "shop").body()["config"].contains("password"));
}

TEST_F(JobServiceTest, SurvivesARestart) {
  create_all();
  ASSERT_TRUE(service_->jobs().pause("orders").ok());
  ASSERT_TRUE(service_->jobs().resync("orders", Json()).ok());
  ASSERT_TRUE(service_->jobs().resync("orders", Json()).ok());
  const auto before = engine_->jobs.last();
  start();
  EXPECT_EQ(engine_->jobs.applied(), 1u);
  EXPECT_EQ(engine_->jobs.last()->sources, before->sources);
  EXPECT_EQ(engine_->jobs.last()->targets, before->targets);
  auto jobs = before->jobs;
  for (auto& [name, job] : jobs) job.revision = 0;  // counts within one life of the process
  EXPECT_EQ(engine_->jobs.last()->jobs, jobs);
  EXPECT_TRUE(engine_->jobs.last()->jobs.at("orders").paused);
  EXPECT_EQ(engine_->jobs.last()->jobs.at("orders").resync_generation, 2);
  EXPECT_EQ(service_->resources().get(kJob, "orders").body(), job_body());
}

TEST_F(JobServiceTest, RefusesTakenAndUnknownNames) {
  create_all();
  const size_t applied = engine_->jobs.applied();
  expect_refusal(service_->resources().create(kSource, source_body()), RefusalCode::exists, {});
  expect_refusal(service_->resources().create(kTarget, target_body()), RefusalCode::exists, {});
  expect_refusal(service_->resources().create(kJob, job_body()), RefusalCode::exists, {});
  expect_refusal(service_->resources().get(kJob, "nope"), RefusalCode::not_found, {});
  expect_refusal(service_->resources().replace(kJob, "nope", job_body("nope")),
                 RefusalCode::not_found, {});
  expect_refusal(service_->resources().remove(kTarget, "nope"), RefusalCode::not_found, {});
  expect_refusal(service_->jobs().pause("nope"), RefusalCode::not_found, {});
  expect_refusal(service_->jobs().resync("nope", Json()), RefusalCode::not_found, {});
  expect_refusal(service_->jobs().status("nope"), RefusalCode::not_found, {});
  EXPECT_EQ(engine_->jobs.applied(), applied);
}

TEST_F(JobServiceTest, RefusesUnknownSourceAndTarget) {
  expect_refusal(service_->resources().create(kJob, job_body()), RefusalCode::invalid,
                 {"source.name", "target.name"});
  EXPECT_TRUE(store_->jobs()->empty());
}

TEST_F(JobServiceTest, ReplacesWithTheNameLeftOutOrEqual) {
  create_all();
  Json body = with(job_body(), "/target/index", "orders2");
  body.erase("name");
  const Outcome replaced = service_->resources().replace(kJob, "orders", body);
  ASSERT_TRUE(replaced.ok()) << replaced.refusal().message;
  EXPECT_EQ(replaced.body(), with(job_body(), "/target/index", "orders2"));
  EXPECT_EQ(json_text(replaced.body()).find("{\"name\""), 0u);
  EXPECT_EQ(engine_->jobs.last()->jobs.at("orders").spec.index, "orders2");
  expect_refusal(service_->resources().replace(kJob, "orders", job_body("other")),
                 RefusalCode::invalid, {"name"});
  expect_refusal(service_->resources().replace(kJob, "orders", Json::array()), RefusalCode::invalid,
                 {""});
}

TEST_F(JobServiceTest, ReplacingKeepsPauseAndGeneration) {
  create_all();
  ASSERT_TRUE(service_->jobs().pause("orders").ok());
  ASSERT_TRUE(service_->jobs().resync("orders", Json()).ok());
  ASSERT_TRUE(
      service_->resources().replace(kJob, "orders", with(job_body(), "/target/index", "x")).ok());
  EXPECT_TRUE(engine_->jobs.last()->jobs.at("orders").paused);
  EXPECT_EQ(engine_->jobs.last()->jobs.at("orders").resync_generation, 1);
  start();
  EXPECT_TRUE(engine_->jobs.last()->jobs.at("orders").paused);
  EXPECT_EQ(engine_->jobs.last()->jobs.at("orders").resync_generation, 1);
}

TEST_F(JobServiceTest, WhatIsInUseIsNotDeleted) {
  create_all();
  create(kJob, with(job_body("second"), "/target/index", "other"));
  const Outcome outcome = service_->resources().remove(kSource, "shop");
  expect_refusal(outcome, RefusalCode::in_use, {"jobs.orders", "jobs.second"});
  EXPECT_THAT(outcome.refusal().message, HasSubstr("\"orders\", \"second\""));
  expect_refusal(service_->resources().remove(kTarget, "search"), RefusalCode::in_use,
                 {"jobs.orders", "jobs.second"});
  ASSERT_TRUE(service_->resources().remove(kJob, "second").ok());
  EXPECT_EQ(service_->resources().remove(kJob, "orders").body(), job_body());
  EXPECT_EQ(service_->resources().remove(kSource, "shop").body()["config"]["password"], "********");
  ASSERT_TRUE(service_->resources().remove(kTarget, "search").ok());
  EXPECT_TRUE(engine_->jobs.last()->sources.empty());
  start();
  EXPECT_EQ(service_->resources().list(kJob).body(), Json::array());
}

TEST_F(JobServiceTest, StarsKeepTheStoredSecret) {
  create(kSource, source_body());
  const Json starred = service_->resources().get(kSource, "shop").body();
  ASSERT_TRUE(
      service_->resources().replace(kSource, "shop", with(starred, "/config/user", "v")).ok());
  EXPECT_EQ(engine_->jobs.last()->sources.at("shop").password, "pw");
  EXPECT_EQ(engine_->jobs.last()->sources.at("shop").user, "v");
  start();
  EXPECT_EQ(engine_->jobs.last()->sources.at("shop").password, "pw");
  expect_refusal(
      service_->resources().replace(kSource, "shop", with(starred, "/config/host", "evil")),
      RefusalCode::invalid, {"config.password"});
  expect_refusal(service_->resources().replace(kSource, "shop", with(starred, "/config/port", 1)),
                 RefusalCode::invalid, {"config.password"});
  // The default port left out is the same port.
  EXPECT_TRUE(
      service_->resources().replace(kSource, "shop", with(starred, "/config/port", "DROP")).ok());
  expect_refusal(service_->resources().create(kSource, with(starred, "/name", "other")),
                 RefusalCode::invalid, {"config.password"});
}

TEST_F(JobServiceTest, StarsWorkForAnEmptySecretAndNotForNone) {
  create(kSource, with(source_body(), "/config/password", ""));
  const Json starred = service_->resources().get(kSource, "shop").body();
  EXPECT_EQ(starred["config"]["password"], "********");
  ASSERT_TRUE(service_->resources().replace(kSource, "shop", starred).ok());
  EXPECT_EQ(engine_->jobs.last()->sources.at("shop").password, "");
  ASSERT_TRUE(service_->resources()
                  .replace(kSource, "shop", with(starred, "/config/password", "DROP"))
                  .ok());
  expect_refusal(service_->resources().replace(kSource, "shop", starred), RefusalCode::invalid,
                 {"config.password"});
}

TEST_F(JobServiceTest, StarsOfATargetDoNotFollowItsUrl) {
  create(kTarget, with(target_body(), "/api/api_key", "k"));
  const Json starred = service_->resources().get(kTarget, "search").body();
  EXPECT_EQ(starred["api"]["api_key"], "********");
  ASSERT_TRUE(
      service_->resources().replace(kTarget, "search", with(starred, "/api/verify", false)).ok());
  EXPECT_EQ(engine_->jobs.last()->targets.at("search").api_key, "k");
  expect_refusal(
      service_->resources().replace(kTarget, "search", with(starred, "/api/url", "http://evil")),
      RefusalCode::invalid, {"api.api_key"});
  expect_refusal(service_->resources().replace(kTarget, "search", with(starred, "/api/port", 80)),
                 RefusalCode::invalid, {"api.api_key"});
}

TEST_F(JobServiceTest, RefusesJobsThatContradictOneAnotherOnOneIndex) {
  create_all();
  Json other = job_body("other");
  create(kJob, other);  // the same fields with the same types are fine
  ASSERT_TRUE(service_->resources().remove(kJob, "other").ok());
  expect_refusal(service_->resources().create(
                     kJob, with(other, "/target/id", Json::array({"order_id", "status"}))),
                 RefusalCode::invalid, {"target.id"});
  expect_refusal(
      service_->resources().create(kJob, with(other, "/target/mappings/1/type", "keyword")),
      RefusalCode::invalid, {"target.mappings[1].type"});
  expect_refusal(service_->resources().create(
                     kJob, with(other, "/target/mappings/1/params", Json{{"boost", 2}})),
                 RefusalCode::invalid, {"target.mappings[1].params"});
  // On another index, or replacing the very job, there is nothing to contradict.
  other = with(other, "/target/mappings/1/type", "keyword");
  create(kJob, with(other, "/target/index", "elsewhere"));
  EXPECT_TRUE(service_->resources().replace(kJob, "orders", with(other, "/name", "orders")).ok());
}

TEST_F(JobServiceTest, RefusesContradictorySettings) {
  create(kSource, source_body());
  create(kTarget, target_body());
  create(kJob, with(job_body(), "/target/settings", Json{{"number_of_shards", 1}}));
  const auto with_settings = [](const char* text) {
    return with(job_body("other"), "/target/settings", Json::parse(text));
  };
  expect_refusal(
      service_->resources().create(kJob, with_settings(R"({"index": {"number_of_shards": 2}})")),
      RefusalCode::invalid, {"target.settings"});
  create(kJob, with_settings(R"({"index.number_of_shards": "1", "refresh_interval": "5s"})"));
}

Json property_body(const std::string& name, const std::string& compare_target,
                   const std::string& alias) {
  Json body = with(with(job_body(name), "/target/type", "property"), "/target/id", "DROP");
  body["target"]["property"]["compare"] = Json{{"source", "id"}, {"target", compare_target}};
  return with(body, "/target/mappings/1/alias", alias);
}

TEST_F(JobServiceTest, KeepsJobsOfAllTypes) {
  create_all();
  const Json object = with(with(job_body("object"), "/target/type", "object"), "/target/object",
                           Json{{"name", "customer"}});
  const Json nested = with(with(job_body("nested"), "/target/type", "nested"), "/target/nested",
                           Json{{"name", "items"}, {"id", "status"}});
  const Json property = property_body("property", "customer.status", "label");
  for (const Json& body : {object, nested, property}) create(kJob, body);
  start();
  EXPECT_EQ(engine_->jobs.last()->jobs.at("object").spec.object_name, "customer");
  EXPECT_EQ(engine_->jobs.last()->jobs.at("nested").spec.nested_id, "status");
  EXPECT_EQ(engine_->jobs.last()->jobs.at("property").spec.compare_target, "customer.status");
  EXPECT_EQ(service_->resources().get(kJob, "property").body(), property);
}

TEST_F(JobServiceTest, AReplacedJobIsComparedWithTheOthersOnly) {
  create_all();
  create(kJob, property_body("first", "order_id", "label"));
  create(kJob, property_body("second", "label", "colour"));
  EXPECT_TRUE(
      service_->resources().replace(kJob, "first", property_body("first", "status", "label")).ok());
  expect_refusal(
      service_->resources().replace(kJob, "first", property_body("first", "colour", "label")),
      RefusalCode::invalid, {"target.property.compare.target"});
  expect_refusal(
      service_->resources().replace(kJob, "first", property_body("first", "colour", "status")),
      RefusalCode::invalid, {"target.mappings[1].alias"});
  expect_refusal(
      service_->resources().replace(kJob, "first", property_body("other", "status", "label")),
      RefusalCode::invalid, {"name"});
  expect_refusal(service_->resources().create(kJob, property_body("first", "status", "label")),
                 RefusalCode::exists, {});
  EXPECT_EQ(engine_->jobs.last()->jobs.at("first").spec.compare_target, "status");
}

TEST_F(JobServiceTest, WhatAnotherJobComparesWithMayGo) {
  create_all();
  create(kJob, property_body("first", "order_id", "label"));
  create(kJob, property_body("second", "label", "colour"));
  EXPECT_TRUE(service_->resources()
                  .replace(kJob, "first", property_body("first", "order_id", "text"))
                  .ok());
  EXPECT_TRUE(service_->resources().remove(kJob, "first").ok());
  EXPECT_TRUE(service_->resources().remove(kJob, "orders").ok());
  create(kJob, job_body("again"));
  expect_refusal(service_->resources().create(kJob, property_body("third", "label", "more")),
                 RefusalCode::invalid, {"target.property.compare.target"});
}

TEST_F(JobServiceTest, CleansWhereOurSchemaIsLeftBehind) {
  create_all();
  ASSERT_TRUE(listener().schema_installed("shop").ok());
  ASSERT_TRUE(service_->jobs().pause("orders").ok());
  EXPECT_THAT(to_clean(), ElementsAre());
  ASSERT_TRUE(service_->resources().remove(kJob, "orders").ok());
  EXPECT_THAT(to_clean(), ElementsAre("shop"));
  create(kJob, job_body());
  EXPECT_THAT(to_clean(), ElementsAre());
  ASSERT_TRUE(service_->resources().remove(kJob, "orders").ok());
  ASSERT_TRUE(service_->resources().remove(kSource, "shop").ok());
  EXPECT_THAT(to_clean(), ElementsAre("shop#1"));
  EXPECT_EQ(engine_->jobs.last()->sources_to_clean.at("shop#1").password, "pw");
  start();
  EXPECT_THAT(to_clean(), ElementsAre("shop#1"));
  ASSERT_TRUE(listener().schema_removed("shop#1").ok());
  start();
  EXPECT_THAT(to_clean(), ElementsAre());
}

TEST_F(JobServiceTest, ASourceOnTheSamePlaceTakesOverWhatARetiredOneLeft) {
  create_all();
  ASSERT_TRUE(listener().schema_installed("shop").ok());
  ASSERT_TRUE(service_->resources().remove(kJob, "orders").ok());
  ASSERT_TRUE(service_->resources().remove(kSource, "shop").ok());
  create(kSource, source_body("again"));
  EXPECT_THAT(to_clean(), ElementsAre("again"));
  create(kJob, with(job_body(), "/source/name", "again"));
  EXPECT_THAT(to_clean(), ElementsAre());
}

TEST_F(JobServiceTest, WhatAnotherSourceNeedsIsNotCleaned) {
  create_all();
  create(kSource, source_body("twin"));
  ASSERT_TRUE(listener().schema_installed("twin").ok());
  ASSERT_TRUE(service_->jobs().pause("orders").ok());
  EXPECT_THAT(to_clean(), ElementsAre());
  ASSERT_TRUE(service_->resources().remove(kSource, "twin").ok());
  EXPECT_THAT(to_clean(), ElementsAre());
  ASSERT_TRUE(service_->resources().remove(kJob, "orders").ok());
  EXPECT_THAT(to_clean(), ElementsAre("shop"));
}

TEST_F(JobServiceTest, ASourceThatMovesToAnotherDatabaseLeavesTheOldOneToClean) {
  create_all();
  ASSERT_TRUE(listener().schema_installed("shop").ok());
  ASSERT_TRUE(service_->resources()
                  .replace(kSource, "shop", with(source_body(), "/config/host", "db2"))
                  .ok());
  EXPECT_THAT(to_clean(), ElementsAre());
  ASSERT_TRUE(service_->resources()
                  .replace(kSource, "shop", with(source_body(), "/config/database", "x"))
                  .ok());
  EXPECT_THAT(to_clean(), ElementsAre("shop#1"));
  EXPECT_EQ(engine_->jobs.last()->sources_to_clean.at("shop#1").host, "db2");
  EXPECT_EQ(engine_->jobs.last()->sources.at("shop").database, "x");
}

TEST_F(JobServiceTest, PauseAndResumeMayBeRepeated) {
  create_all();
  for (int i = 0; i < 2; ++i) {
    const Outcome paused = service_->jobs().pause("orders");
    ASSERT_TRUE(paused.ok());
    EXPECT_EQ(paused.body()["state"], "paused");
  }
  for (int i = 0; i < 2; ++i) {
    const Outcome resumed = service_->jobs().resume("orders");
    ASSERT_TRUE(resumed.ok());
    EXPECT_EQ(resumed.body()["state"], "live");
  }
}

TEST_F(JobServiceTest, IsReadyWhenEveryJobIs) {
  EXPECT_TRUE(service_->jobs().unready().empty());
  create_all();
  EXPECT_TRUE(service_->jobs().unready().empty());
  engine_->jobs.state = JobState::waiting;
  engine_->jobs.error = JobError{"source_unreachable", "no route", 0};
  ASSERT_EQ(service_->jobs().unready().size(), 1u);
  EXPECT_EQ(service_->jobs().unready()[0].name, "orders");
  EXPECT_EQ(service_->jobs().unready()[0].reason, "waiting: no route");
  ASSERT_TRUE(service_->jobs().pause("orders").ok());
  EXPECT_TRUE(service_->jobs().unready().empty());
}

TEST_F(JobServiceTest, ManyThreadsWriteAndRead) {
  create(kSource, source_body());
  create(kTarget, target_body());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const std::string name = "job" + std::to_string(t);
      for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(service_->resources().create(kJob, job_body(name)).ok());
        EXPECT_TRUE(service_->jobs().pause(name).ok());
        EXPECT_TRUE(service_->jobs().resync(name, Json()).ok());
        EXPECT_TRUE(service_->resources().list(kJob).ok());
        if (i == 4) break;
        EXPECT_TRUE(service_->resources().remove(kJob, name).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(service_->resources().list(kJob).body().size(), 4u);
  EXPECT_EQ(engine_->jobs.last()->jobs.size(), 4u);
}

TEST_F(JobServiceTest, AsksForAVerification) {
  create_all();
  ASSERT_TRUE(service_->verifications().verify("orders", nullptr).ok());
  ASSERT_TRUE(service_->verifications().verify("orders", Json{{"repair", true}}).ok());
  using Asked = std::vector<std::pair<std::string, bool>>;
  EXPECT_EQ(engine_->verifications.asked, (Asked{{"orders", false}, {"orders", true}}));
  expect_refusal(service_->verifications().verify("orders", Json{{"repair", 1}, {"x", 2}}),
                 RefusalCode::invalid, {"repair", "x"});
  expect_refusal(service_->verifications().verify("nope", nullptr), RefusalCode::not_found, {});
  EXPECT_EQ(engine_->verifications.asked.size(), 2u);
}

TEST(StatusJson, HasItsDocumentedShape) {
  JobStatus status;
  status.name = "orders";
  status.state = JobState::waiting;
  status.load.rows_done = 5;
  status.load.rows_estimate = 10;
  status.load.started_at_us = 1'769'854'830'123'456;
  status.lag.changes = 3;
  status.lag.seconds = 1.5;
  status.documents = {1, 2, 3, 7};
  status.parked = 4;
  status.error = JobError{"target_unreachable", "say why", 0};
  status.warnings = {"one", "two"};
  EXPECT_EQ(json_text(status_json(status)),
            R"({"name":"orders","state":"waiting","load":{"rows_done":5,"rows_estimate":10,)"
            R"("started_at":"2026-01-31T10:20:30.123456Z","finished_at":null},)"
            R"("lag":{"changes":3,"seconds":1.5},)"
            R"("documents":{"indexed":1,"deleted":2,"conflicts":3,"strangers":7},"parked":4,)"
            R"("error":{"kind":"target_unreachable","message":"say why",)"
            R"("since":"1970-01-01T00:00:00.000000Z"},"warnings":["one","two"],"verify":null})");
  EXPECT_TRUE(status_json(JobStatus{})["error"].is_null());
  EXPECT_EQ(status_json(JobStatus{})["warnings"], Json::array());
}

TEST(StatusJson, ShowsAVerification) {
  JobStatus status;
  status.verify.emplace();
  status.verify->state = VerifyReport::State::done;
  status.verify->progress = 1;
  status.verify->checked = 9;
  status.verify->missing = 1;
  status.verify->different = 1;
  status.verify->ended_us = 1'769'854'830'123'456;
  status.verify->samples = {{Difference::Kind::missing, "7", R"({"a":1})", ""},
                            {Difference::Kind::different, "8", "{\"a\":12345678901234567890.5}",
                             "{\"a\":12345678901234567890.6}"}};
  EXPECT_EQ(json_text(status_json(status)["verify"]),
            R"({"state":"done","repair":false,"progress":1.0,"checked":9,"missing":1,"extra":0,)"
            R"("different":1,"repaired":0,"samples":[)"
            R"({"id":"7","kind":"missing","expected":{"a":1},"found":null},)"
            R"({"id":"8","kind":"different","expected":"{\"a\":12345678901234567890.5}",)"
            R"("found":"{\"a\":12345678901234567890.6}"}],"error":null,)"
            R"("ended_at":"2026-01-31T10:20:30.123456Z"})");
}

// In the middle of no character.
TEST(StatusJson, ShowsTheBeginningOfALongDocument) {
  JobStatus status;
  status.verify.emplace();
  std::string text(Difference::kShownBytesMax - 1, 'x');
  status.verify->samples = {{Difference::Kind::extra, "7", "", text + "äö"}};
  const Json sample = status_json(status)["verify"]["samples"][0];
  EXPECT_EQ(sample["found"], text + "…");
}

}  // namespace
}  // namespace syncline::control
