#include "index/bulk_answer.h"

#include <gtest/gtest.h>

namespace syncline::index {
namespace {

std::optional<BulkAnswer> parse(std::string text, size_t items) {
  const SecretMask none;
  BulkAnswerParser parser(none);
  return parser.parse(text, items);
}

TEST(BulkAnswerParser, ReadsStatusesOfASuccess) {
  const auto answer =
      parse(R"({"errors":false,"items":[{"index":{"status":201}},{"delete":{"status":404}}]})", 2);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->statuses, (std::vector<uint16_t>{201, 404}));
  EXPECT_TRUE(answer->errors.empty());
}

TEST(BulkAnswerParser, ReadsErrorsWhereverTheyStandAndJoinsCauses) {
  const auto answer = parse(
      R"({"items":[{"index":{"status":200}},{"index":{"error":{"caused_by":{"type":"n","reason":)"
      R"("For input string: \"abc\"","script_stack":["x"]},"type":"mapper_parsing_exception",)"
      R"("reason":"failed to parse"},"status":400}}],"errors":true,"took":3})",
      2);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->errors.size(), 1U);
  EXPECT_EQ(answer->errors[0].item, 1U);
  EXPECT_EQ(answer->errors[0].type, "mapper_parsing_exception");
  EXPECT_EQ(answer->errors[0].reason, "failed to parse: For input string: \"abc\"");
  EXPECT_FALSE(answer->errors[0].circuit_breaking);
}

TEST(BulkAnswerParser, FindsACircuitBreakerBelow) {
  const auto answer =
      parse(R"({"errors":true,"items":[{"update":{"status":400,"error":{"type":"illegal",)"
            R"("reason":"failed","caused_by":{"type":"general","reason":null,"caused_by":)"
            R"({"type":"circuit_breaking_exception","reason":"Too many"}}}}}]})",
            1);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->errors[0].circuit_breaking);
}

TEST(BulkAnswerParser, RefusesOtherCountsAndOtherThings) {
  const std::string one = R"({"errors":false,"items":[{"index":{"status":201}}]})";
  EXPECT_TRUE(parse(one, 1));
  EXPECT_FALSE(parse(one, 2));
  EXPECT_FALSE(parse(one, 0));
  EXPECT_FALSE(parse(one.substr(0, one.size() - 3), 1));
  EXPECT_FALSE(parse("<html>", 1));
  EXPECT_FALSE(parse("", 1));
  EXPECT_FALSE(parse(R"({"errors":false,"items":[{"index":{}}]})", 1));
  EXPECT_FALSE(parse(R"({"errors":false,"items":[{}]})", 1));
  EXPECT_FALSE(parse(R"({"errors":false,"items":[{"index":{"status":"201"}}]})", 1));
}

TEST(BulkAnswerParser, ReadsManyItemsWithOneParser) {
  const SecretMask none;
  BulkAnswerParser parser(none);
  for (size_t count : {5000U, 1U, 20000U}) {
    std::string text = R"({"errors":false,"items":[)";
    for (size_t i = 0; i < count; ++i) text += R"({"index":{"status":200}},)";
    text.pop_back();
    text += "]}";
    const auto answer = parser.parse(text, count);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->statuses.size(), count);
  }
}

TEST(BulkAnswerParser, CutsLongReasonsAtACharacter) {
  std::string reason;
  for (int i = 0; i < 3000; ++i) reason += "é";
  std::string text = R"({"error":{"type":"t","reason":"x)" + reason + R"("},"status":400})";
  const SecretMask none;
  BulkAnswerParser parser(none);
  const auto error = parser.parse_error(text);
  ASSERT_TRUE(error);
  EXPECT_LE(error->reason.size(), 2048U);
  EXPECT_EQ(error->reason.size() % 2, 1U) << "whole characters after the x";
}

TEST(BulkAnswerParser, CutsSecretsOutBeforeItCutsTheEnd) {
  SecretMask secrets;
  secrets.add("the-password");
  BulkAnswerParser parser(secrets);
  const std::string filler(2040, 'x');
  std::string text = R"({"items":[{"index":{"status":400,"error":{"type":"t","reason":")" + filler +
                     R"( the-password","caused_by":{"type":"c","reason":"the-password"}}}}]})";
  const auto answer = parser.parse(text, 1);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->errors[0].reason.find("the-"), std::string::npos) << answer->errors[0].reason;
}

TEST(BulkAnswerParser, KnowsWhatIsNoClusterError) {
  const SecretMask none;
  BulkAnswerParser parser(none);
  for (std::string text : {"", "<html>400</html>", "{}", R"({"error":"no"})", R"({"error":{}})"})
    EXPECT_FALSE(parser.parse_error(text)) << text;
}

ItemVerdict judge(int status, std::string type = {}, BulkAction action = BulkAction::index) {
  const ClusterError error{0, type, "why", false};
  return judge_item(action, status, type.empty() ? nullptr : &error);
}

TEST(JudgeItem, ByStatus) {
  EXPECT_EQ(judge(200), ItemVerdict::done);
  EXPECT_EQ(judge(201), ItemVerdict::done);
  EXPECT_EQ(judge(409, "version_conflict_engine_exception"), ItemVerdict::conflict);
  EXPECT_EQ(judge(404, "", BulkAction::remove), ItemVerdict::done);
  EXPECT_EQ(judge(404, "index_not_found_exception", BulkAction::remove), ItemVerdict::index_gone);
  EXPECT_EQ(judge(404, "index_not_found_exception"), ItemVerdict::index_gone);
  EXPECT_EQ(judge(400, "invalid_index_name_exception"), ItemVerdict::index_gone);
  EXPECT_EQ(judge(429, "es_rejected_execution_exception"), ItemVerdict::retry);
  EXPECT_EQ(judge(429, "cluster_block_exception"), ItemVerdict::retry_full);
  EXPECT_EQ(judge(503, "unavailable_shards_exception"), ItemVerdict::retry);
  EXPECT_EQ(judge(500, "anything"), ItemVerdict::retry);
  EXPECT_EQ(judge(403, "cluster_block_exception"), ItemVerdict::needs_person);
  EXPECT_EQ(judge(403, "security_exception"), ItemVerdict::needs_person);
  EXPECT_EQ(judge(400, "index_closed_exception"), ItemVerdict::needs_person);
  EXPECT_EQ(judge(400, "document_parsing_exception"), ItemVerdict::refused);
  EXPECT_EQ(judge(413, "x"), ItemVerdict::refused);
  const ClusterError breaker{0, "illegal_argument_exception", "", true};
  EXPECT_EQ(judge_item(BulkAction::index, 400, &breaker), ItemVerdict::retry);
}

}  // namespace
}  // namespace syncline::index
