#include "control/spec_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/test_support.h"

namespace syncline::control {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

using Paths = std::vector<std::string>;

template <typename Parse>
Paths fault_paths(const Json& body, Parse parse) {
  Faults faults;
  (void)parse(body, faults);
  Paths paths;
  for (const Fault& fault : faults.list()) {
    EXPECT_FALSE(fault.message.empty());
    paths.push_back(fault.path);
  }
  return paths;
}

// One place of a good body changed, and the faults that this must give.
struct Case {
  std::string pointer;
  Json value;
  Paths faults;
};

template <typename Parse>
void expect_faults(const Json& good, const std::vector<Case>& cases, Parse parse) {
  EXPECT_THAT(fault_paths(good, parse), ElementsAre());
  for (const Case& one : cases) {
    const Json body = with(good, one.pointer, one.value);
    EXPECT_THAT(fault_paths(body, parse), UnorderedElementsAreArray(one.faults))
        << one.pointer << " = " << one.value;
  }
}

Json mapping(const std::string& column, const std::string& alias,
             const std::string& type = "keyword") {
  return Json{{"source_column", column}, {"alias", alias}, {"type", type}};
}

TEST(SourceParser, TakesAFullSource) {
  Json body = source_body();
  body["config"].update(
      Json::parse(R"({"sslmode": "verify-full", "sslrootcert": "/ca", "sslcert": "/c",
      "sslkey": "/k", "capture_schema": "cdc_1", "capture_log_bytes_max": 1048576,
      "max_connections": 3})"));
  Faults faults;
  const SourceSpec source = parse_source(body, faults);
  EXPECT_TRUE(faults.empty());
  SourceSpec expected;
  expected.name = "shop";
  expected.host = "db";
  expected.database = "shop";
  expected.user = "u";
  expected.password = "pw";
  expected.sslmode = "verify-full";
  expected.sslrootcert = "/ca";
  expected.sslcert = "/c";
  expected.sslkey = "/k";
  expected.capture_schema = "cdc_1";
  expected.capture_log_bytes_max = 1 << 20;
  expected.max_connections = 3;
  EXPECT_EQ(source, expected);
}

TEST(SourceParser, FindsFaults) {
  const std::string nul("a\0b", 3);
  expect_faults(source_body(),
                {
                    {"/name", "DROP", {"name"}},
                    {"/name", 5, {"name"}},
                    {"/name", "a", {"name"}},
                    {"/name", std::string(50, 'a'), {}},
                    {"/name", std::string(51, 'a'), {"name"}},
                    {"/name", "sh op", {"name"}},
                    {"/name", "shöp", {"name"}},
                    {"/extra", 1, {"extra"}},
                    {"/config", "DROP", {"config"}},
                    {"/config", Json::array(), {"config"}},
                    {"/config", Json::object(), {"config.host", "config.database", "config.user"}},
                    {"/config/passwort", "x", {"config.passwort"}},
                    {"/config/host", "", {"config.host"}},
                    {"/config/host", nullptr, {"config.host"}},
                    {"/config/host", nul, {"config.host"}},
                    {"/config/password", "DROP", {}},
                    {"/config/password", 1, {"config.password"}},
                    {"/config/port", "DROP", {}},
                    {"/config/port", "5432", {"config.port"}},
                    {"/config/port", 0, {"config.port"}},
                    {"/config/port", 65535, {}},
                    {"/config/port", 65536, {"config.port"}},
                    {"/config/port", 5432.5, {"config.port"}},
                    {"/config/port", 18446744073709551615ULL, {"config.port"}},
                    {"/config/sslmode", "require", {}},
                    {"/config/sslmode", "always", {"config.sslmode"}},
                    {"/config/sslrootcert", "", {"config.sslrootcert"}},
                    {"/config/capture_schema", "Syncline", {"config.capture_schema"}},
                    {"/config/capture_schema", "1a", {"config.capture_schema"}},
                    {"/config/capture_schema", "a-b", {"config.capture_schema"}},
                    {"/config/capture_schema", "", {"config.capture_schema"}},
                    {"/config/capture_schema", "public", {"config.capture_schema"}},
                    {"/config/capture_schema", "pg_mine", {"config.capture_schema"}},
                    {"/config/capture_schema", std::string(40, 'a'), {}},
                    {"/config/capture_schema", std::string(41, 'a'), {"config.capture_schema"}},
                    {"/config/capture_log_bytes_max", 1048575, {"config.capture_log_bytes_max"}},
                    {"/config/max_connections", 2, {"config.max_connections"}},
                    {"/config/max_connections", 100, {}},
                    {"/config/max_connections", 101, {"config.max_connections"}},
                },
                parse_source);
}

TEST(TargetParser, FindsFaults) {
  const Json aws = {{"region", "eu-west-1"}};
  expect_faults(target_body(),
                {
                    {"/api/url", "DROP", {"api.url"}},
                    {"/api/url", "localhost", {"api.url"}},
                    {"/api/url", "ftp://localhost", {"api.url"}},
                    {"/api/url", "http://", {"api.url"}},
                    {"/api/url", "http:///x", {"api.url"}},
                    {"/api/url", "http://localhost:9200", {"api.url"}},
                    {"/api/url", "http://user:secret@localhost", {"api.url"}},
                    {"/api/url", "http://user@localhost", {"api.url"}},
                    {"/api/url", "http://[::1]:9200", {"api.url"}},
                    {"/api/url", "http://[::1]", {}},
                    {"/api/url", "http://a b", {"api.url"}},
                    {"/api/url", "http://a/?x=1", {"api.url"}},
                    {"/api/url", "HTTPS://a/b/", {}},
                    {"/api/port", "DROP", {}},
                    {"/api/port", -1, {"api.port"}},
                    {"/api/verify", "yes", {"api.verify"}},
                    {"/api/verify", false, {}},
                    {"/api/ca_file", 1, {"api.ca_file"}},
                    {"/api/username", "u", {"api.password"}},
                    {"/api/password", "p", {"api.username"}},
                    {"/api/api_key", "a\r\nX: y", {"api.api_key"}},
                    {"/api/api_key", "abc", {}},
                    {"/api/aws", aws, {}},
                    {"/api/aws", Json::object(), {"api.aws.region"}},
                    {"/api/aws", Json{{"region", "eu"}, {"key", "x"}}, {"api.aws.key"}},
                    {"/api/aws", "eu", {"api.aws"}},
                },
                parse_target);
}

TEST(TargetParser, LoginsExcludeEachOther) {
  Json body = target_body();
  body["api"].update(Json{{"username", "u"}, {"password", "p"}});
  EXPECT_THAT(fault_paths(body, parse_target), ElementsAre());
  EXPECT_THAT(fault_paths(with(body, "/api/username", "a:b"), parse_target),
              ElementsAre("api.username"));
  body["api"]["api_key"] = "k";
  EXPECT_THAT(fault_paths(body, parse_target), ElementsAre("api.api_key"));
  body["api"]["aws"] = Json{{"region", "eu"}};
  EXPECT_THAT(fault_paths(body, parse_target), ElementsAre("api.api_key", "api.aws", "api.aws"));
}

TEST(TargetParser, NormalisesTheUrl) {
  Faults faults;
  EXPECT_EQ(parse_target(with(target_body(), "/api/url", "HTTPS://Host/es/"), faults).url,
            "https://Host/es");
}

TEST(JobParser, TakesTheContractsExample) {
  Faults faults;
  const JobSpec job = parse_job(job_body(), faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(job.schema, "public");
  EXPECT_EQ(job.table, "orders");
  EXPECT_EQ(job.columns, (Paths{"id", "status"}));
  EXPECT_EQ(job.id, Paths{"order_id"});
  ASSERT_EQ(job.mappings.size(), 2u);
  EXPECT_EQ(job.mappings[0], (Mapping{"id", "order_id", "integer", ""}));
  EXPECT_EQ(job.foreign_sweep_seconds, 60);
  EXPECT_EQ(job.verify_every_hours, 0);
}

TEST(JobParser, ReadsOptionalParts) {
  Json body = job_body();
  body["verify_every_hours"] = 24;
  body["target"]["foreign_sweep_seconds"] = 5;
  body["target"]["id"] = Json::array({"status", "order_id"});
  body["target"]["settings"] = Json{{"number_of_shards", 1}, {"analysis", Json::object()}};
  body["target"]["mappings"][1]["params"] = Json{{"boost", 2}, {"analyzer", "english"}};
  Faults faults;
  const JobSpec job = parse_job(body, faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(job.verify_every_hours, 24);
  EXPECT_EQ(job.foreign_sweep_seconds, 5);
  EXPECT_EQ(job.id, (Paths{"status", "order_id"}));
  EXPECT_EQ(job.mappings[1].params_json, R"({"analyzer":"english","boost":2})");
  EXPECT_EQ(job.settings_json, R"({"analysis":{},"number_of_shards":1})");
}

TEST(JobParser, EmptyMappingsMeanAllColumns) {
  Json body = with(job_body(), "/target/mappings", Json::array());
  EXPECT_THAT(fault_paths(body, parse_job), ElementsAre("target.id"));
  body["target"]["id"] = "id";
  EXPECT_THAT(fault_paths(body, parse_job), ElementsAre());
  EXPECT_THAT(fault_paths(with(body, "/source/columns", Json::array()), parse_job),
              ElementsAre("source.columns", "target.id"));
  EXPECT_THAT(fault_paths(with(body, "/source/columns/1", "_id"), parse_job),
              ElementsAre("source.columns[1]"));
}

TEST(JobParser, FindsFaultsOfTheSource) {
  const std::string long_name(64, 'x');
  expect_faults(
      job_body(),
      {
          {"/name", "x", {"name"}},
          {"/nme", "x", {"nme"}},
          {"/source", "shop", {"source"}},
          {"/source/name", "DROP", {"source.name"}},
          {"/source/table", "x", {"source.table"}},
          {"/source/table_name", "DROP", {"source.table_name"}},
          {"/source/table_name", "", {"source.table_name"}},
          {"/source/table_name", "a.b.c", {"source.table_name"}},
          {"/source/table_name", "a.", {"source.table_name"}},
          {"/source/table_name", ".b", {"source.table_name"}},
          {"/source/table_name", "\"a", {"source.table_name"}},
          {"/source/table_name", "a\"b\"", {"source.table_name"}},
          {"/source/table_name", "\"a\"b", {"source.table_name"}},
          {"/source/table_name", long_name, {"source.table_name"}},
          {"/source/table_name", "Odd Name", {}},
          {"/source/columns", "DROP", {"source.columns"}},
          {"/source/columns", "id", {"source.columns"}},
          {"/source/columns",
           Json::array(),
           {"source.columns", "target.mappings[0].source_column",
            "target.mappings[1].source_column"}},
          {"/source/columns", Json::array({"id"}), {"target.mappings[1].source_column"}},
          {"/source/columns", Json::array({"id", "status", "id"}), {"source.columns[2]"}},
          {"/source/columns", Json::array({"id", "status", 7}), {"source.columns[2]"}},
          {"/source/columns", Json::array({"id", "status", ""}), {"source.columns[2]"}},
          {"/source/columns", Json::array({"id", "status", long_name}), {"source.columns[2]"}},
      },
      parse_job);
}

TEST(JobParser, FindsFaultsOfTheTarget) {
  expect_faults(
      job_body(),
      {
          {"/target", nullptr, {"target"}},
          {"/target/name", "", {"target.name"}},
          {"/target/index", "Orders", {"target.index"}},
          {"/target/index", "", {"target.index"}},
          {"/target/index", "a b", {"target.index"}},
          {"/target/index", "a,b", {"target.index"}},
          {"/target/index", "a#b", {"target.index"}},
          {"/target/index", "a:b", {"target.index"}},
          {"/target/index", "a/b", {"target.index"}},
          {"/target/index", "a\\b", {"target.index"}},
          {"/target/index", "a*", {"target.index"}},
          {"/target/index", "a?", {"target.index"}},
          {"/target/index", "\"a", {"target.index"}},
          {"/target/index", "a<b>", {"target.index"}},
          {"/target/index", "a|b", {"target.index"}},
          {"/target/index", "_a", {"target.index"}},
          {"/target/index", "-a", {"target.index"}},
          {"/target/index", "+a", {"target.index"}},
          {"/target/index", ".", {"target.index"}},
          {"/target/index", "..", {"target.index"}},
          {"/target/index", std::string(255, 'a'), {}},
          {"/target/index", std::string(256, 'a'), {"target.index"}},
          {"/target/index", "a.b-c_d+1", {}},
          {"/target/type", "DROP", {"target.type"}},
          {"/target/type", "indexed", {"target.type"}},
          {"/target/id", "DROP", {"target.id"}},
          {"/target/id", "id", {"target.id"}},
          {"/target/id", "", {"target.id"}},
          {"/target/id", 7, {"target.id"}},
          {"/target/id", Json::array(), {"target.id"}},
          {"/target/id", Json::array({"status", "nope"}), {"target.id[1]"}},
          {"/target/id", Json::array({"status", "status"}), {"target.id[1]"}},
          {"/target/id", Json::array({1}), {"target.id[0]"}},
          {"/target/mappings", "DROP", {"target.mappings"}},
          {"/target/mappings", Json::object(), {"target.mappings"}},
          {"/target/mappings/1", 1, {"target.mappings[1]"}},
          {"/target/mappings/1/alias", "order_id", {"target.mappings[1].alias"}},
          {"/target/mappings/1/alias", "", {"target.mappings[1].alias"}},
          {"/target/mappings/1/alias", "_id", {"target.mappings[1].alias"}},
          {"/target/mappings/1/alias", ".a", {"target.mappings[1].alias"}},
          {"/target/mappings/1/alias", "a..b", {"target.mappings[1].alias"}},
          {"/target/mappings/1/alias", "order_id.b", {"target.mappings[1].alias"}},
          {"/target/mappings/1/alias", "a.b", {}},
          {"/target/mappings/1/alias", "DROP", {"target.mappings[1].alias"}},
          {"/target/mappings/1/source_column", "DROP", {"target.mappings[1].source_column"}},
          {"/target/mappings/1/source_column", "other", {"target.mappings[1].source_column"}},
          {"/target/mappings/1/type", "DROP", {"target.mappings[1].type"}},
          {"/target/mappings/1/type", "Text", {"target.mappings[1].type"}},
          {"/target/mappings/1/type", "a b", {"target.mappings[1].type"}},
          {"/target/mappings/1/type", "scaled_float", {}},
          {"/target/mappings/1/params", "x", {"target.mappings[1].params"}},
          {"/target/mappings/1/params", Json{{"type", "long"}}, {"target.mappings[1].params.type"}},
          {"/target/mappings/1/parms", Json::object(), {"target.mappings[1].parms"}},
          {"/target/settings", Json::array(), {"target.settings"}},
          {"/target/object", Json{{"name", "x"}}, {"target.object"}},
          {"/target/foreign_sweep_seconds", 0, {"target.foreign_sweep_seconds"}},
          {"/target/foreign_sweep_seconds", "60", {"target.foreign_sweep_seconds"}},
          {"/verify_every_hours", -1, {"verify_every_hours"}},
      },
      parse_job);
}

TEST(JobParser, CollectsAllFaultsOfABody) {
  const Json body = Json::parse(R"({"name": "!", "source": {"name": 1, "columns": []},
      "target": {"name": "t", "index": "A", "type": "index", "mappings": [{}], "x": 1}})");
  EXPECT_THAT(fault_paths(body, parse_job),
              UnorderedElementsAreArray({"name", "source.name", "source.table_name",
                                         "source.columns", "target.index", "target.id", "target.x",
                                         "target.mappings[0].source_column",
                                         "target.mappings[0].alias", "target.mappings[0].type"}));
  EXPECT_THAT(fault_paths(Json::array(), parse_job), ElementsAre(""));
  EXPECT_THAT(fault_paths(Json("x"), parse_source), ElementsAre(""));
}

TEST(JobParser, TakesObjectJobs) {
  Json body = with(job_body(), "/target/type", "object");
  EXPECT_THAT(fault_paths(body, parse_job), ElementsAre("target.object"));
  body["target"]["object"] = Json{{"name", "customer.address"}};
  Faults faults;
  const JobSpec job = parse_job(body, faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(job.type, JobType::object);
  EXPECT_EQ(job.object_name, "customer.address");
  EXPECT_EQ(job.id, Paths{"order_id"});
  expect_faults(body,
                {
                    {"/target/id", "DROP", {"target.id"}},
                    {"/target/id", "id", {"target.id"}},
                    {"/target/object", "customer", {"target.object"}},
                    {"/target/object/name", "DROP", {"target.object.name"}},
                    {"/target/object/name", 1, {"target.object.name"}},
                    {"/target/object/name", "", {"target.object.name"}},
                    {"/target/object/name", "a.", {"target.object.name"}},
                    {"/target/object/name", "_id", {"target.object.name"}},
                    {"/target/object/id", "order_id", {"target.object.id"}},
                    {"/target/nested", Json{{"name", "a"}, {"id", "status"}}, {"target.nested"}},
                },
                parse_job);
}

TEST(JobParser, TakesNestedJobs) {
  Json body = with(job_body(), "/target/type", "nested");
  EXPECT_THAT(fault_paths(body, parse_job), ElementsAre("target.nested"));
  body["target"]["nested"] = Json{{"name", "items"}, {"id", "status"}};
  Faults faults;
  const JobSpec job = parse_job(body, faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(job.type, JobType::nested);
  EXPECT_EQ(job.nested_name, "items");
  EXPECT_EQ(job.nested_id, "status");
  expect_faults(body,
                {
                    {"/target/id", "DROP", {"target.id"}},
                    {"/target/nested/id", "DROP", {"target.nested.id"}},
                    {"/target/nested/id", "", {"target.nested.id"}},
                    {"/target/nested/id", "id", {"target.nested.id"}},  // a column, no alias
                    {"/target/nested/name", "DROP", {"target.nested.name"}},
                    {"/target/nested/name", "", {"target.nested.name"}},
                    {"/target/nested/name", "a..b", {"target.nested.name"}},
                    {"/target/nested/order", "id", {"target.nested.order"}},
                    {"/target/nested", Json::object(), {"target.nested.name", "target.nested.id"}},
                    {"/target/object", Json{{"name", "x"}}, {"target.object"}},
                },
                parse_job);
}

TEST(JobParser, TakesPropertyJobs) {
  Json body = with(with(job_body(), "/target/type", "property"), "/target/id", "DROP");
  EXPECT_THAT(fault_paths(body, parse_job), ElementsAre("target.property"));
  body["target"]["property"]["compare"] = Json{{"source", "id"}, {"target", "customer.id"}};
  Faults faults;
  const JobSpec job = parse_job(body, faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(job.type, JobType::property);
  EXPECT_EQ(job.compare_source, "id");
  EXPECT_EQ(job.compare_target, "customer.id");
  EXPECT_TRUE(job.id.empty());
  const std::string compare = "target.property.compare";
  expect_faults(
      body,
      {
          {"/target/id", "order_id", {"target.id"}},
          {"/target/property", Json::object(), {compare}},
          {"/target/property/compare", Json::object(), {compare + ".source", compare + ".target"}},
          {"/target/property/compare", "id", {compare}},
          {"/target/property/compare/op", "=", {compare + ".op"}},
          {"/target/property/compare/source", "order_id", {}},
          {"/target/property/compare/source", "nope", {compare + ".source"}},
          {"/target/property/compare/source", "", {compare + ".source"}},
          {"/target/property/compare/target", "", {compare + ".target"}},
          {"/target/property/compare/target", 7, {compare + ".target"}},
          {"/target/property/compare/target", ".a", {compare + ".target"}},
          {"/target/property/compare/target", "_id", {compare + ".target"}},
          {"/target/mappings/0/source_column", "other", {"target.mappings[0].source_column"}},
          {"/source/columns", Json::array({"id"}), {"target.mappings[1].source_column"}},
      },
      parse_job);
  // A column that is read but not mapped may be compared.
  EXPECT_THAT(fault_paths(with(body, "/source/columns/2", "key"), parse_job), ElementsAre());
}

TEST(JobParser, TheCompareColumnIsNoFieldThatOthersCouldLieIn) {
  Json body = with(with(job_body(), "/target/type", "property"), "/target/id", "DROP");
  body["target"]["property"]["compare"] = Json{{"source", "id"}, {"target", "x"}};
  body["target"]["mappings"] =
      Json::array({mapping("id", "customer"), mapping("status", "customer.status")});
  EXPECT_THAT(fault_paths(body, parse_job), ElementsAre());
  body["target"]["property"]["compare"]["source"] = "status";
  body["target"]["mappings"].push_back(mapping("id", "customer.id"));
  EXPECT_THAT(fault_paths(body, parse_job), ElementsAre("target.mappings[2].alias"));
}

TEST(JobParser, FaultsOfAllPartsComeTogether) {
  const Json body = Json::parse(R"({"name": "ab",
      "source": {"name": "shop", "table_name": "t", "columns": ["a", "a.b"]},
      "target": {"name": "t", "index": "i", "type": "nested", "id": ["a", "x"],
                 "nested": {"name": "", "id": "y"}, "object": {}, "mappings": []}})");
  EXPECT_THAT(
      fault_paths(body, parse_job),
      UnorderedElementsAreArray({"target.nested.name", "target.nested.id", "target.object",
                                 "target.object.name", "target.id[1]", "source.columns[1]"}));
}

TEST(JobParser, TableNames) {
  const auto table = [](const std::string& name) {
    Faults faults;
    const JobSpec job = parse_job(with(job_body(), "/source/table_name", name), faults);
    EXPECT_TRUE(faults.empty()) << name;
    return job.schema + "|" + job.table;
  };
  EXPECT_EQ(table("orders"), "public|orders");
  EXPECT_EQ(table("app.orders"), "app|orders");
  EXPECT_EQ(table(R"("Odd.Name"."T")"), "Odd.Name|T");
  EXPECT_EQ(table(R"(app."a""b")"), R"(app|a"b)");
  EXPECT_EQ(table("Upper Case"), "public|Upper Case");
  EXPECT_EQ(table(R"("x.y")"), "public|x.y");
}

TEST(JobParser, ManyFaultsAreBounded) {
  Json body = job_body();
  for (int i = 0; i < 5000; ++i) body["unknown" + std::to_string(i)] = 1;
  EXPECT_EQ(fault_paths(body, parse_job).size(), Faults::kFaultsMax);
  Json more = job_body();
  more["target"]["mappings"].push_back(mapping("status", "third"));
  EXPECT_THAT(fault_paths(more, parse_job), ElementsAre());
}

}  // namespace
}  // namespace syncline::control
