// No answer of any server ends the process: whatever a proxy makes of it, it is understood or it is
// an error.
#include <gtest/gtest.h>

#include <functional>
#include <mutex>

#include "base/mutation_for_test.h"
#include "http/fake_server_for_test.h"
#include "index/answer_json.h"
#include "index/bulk_answer.h"
#include "index/document_reader.h"
#include "index/index_admin.h"
#include "index/index_claim.h"

namespace syncline::index {
namespace {

constexpr uint32_t kSeed = 20261127;
constexpr std::chrono::milliseconds kTime{800};
constexpr int kLeast = 300;

const std::vector<std::string>& sound_answers() {
  static const std::vector<std::string> answers = {
      R"({"errors":true,"items":[{"index":{"status":201}},{"delete":{"status":404}},
        {"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"r",
        "caused_by":{"type":"x","reason":"y"}}}}]})",
      R"({"error":{"root_cause":[{"type":"a","reason":"b"}],"type":"a","reason":"b",
        "caused_by":{"type":"c","reason":"d"}},"status":400})",
      R"({"orders":{"aliases":{"orders--Syncline":{"is_hidden":true}},"mappings":{"_meta":
        {"syncline":{"created":true,"owner":{"instance":"i","plan":"p"},"settings":"d",
        "loading":{"index.refresh_interval":"1s"}}},"_routing":{"required":true},"properties":
        {"a":{"type":"long"},"o":{"properties":{"x":{"type":"keyword","ignore_above":9}}}}},
        "settings":{"index":{"uuid":"u1"},"index.refresh_interval":"5s"},"defaults":{}}})",
      R"({"docs":[{"_id":"1","_version":3,"_seq_no":7,"_primary_term":1,"_routing":"r",
        "found":true,"_source":{"a":1.50,"b":[{"c":"d"}]}},{"_id":"2","found":false},
        {"_id":"3","error":{"type":"routing_missing_exception","reason":"r"}}]})",
      R"({"_shards":{"failed":0},"indices":{"orders":{"shards":{"0":[{"routing":{"primary":true},
        "seq_no":{"global_checkpoint":41}}],"1":[{"routing":{"primary":false}}]}}}})",
      R"({"_scroll_id":"s","_shards":{"failed":0},"hits":{"hits":[{"_id":"1","_version":2,
        "_routing":"r"},{"_id":"2","_version":9}]}})",
      R"({"count":12,"_shards":{"failed":0}})",
      R"({"version":{"distribution":"opensearch","number":"2.19.5"},"acknowledged":true})",
  };
  return answers;
}

TEST(AnswerFuzz, BulkAnswersAreUnderstoodOrNot) {
  Mutation answers(sound_answers(), kSeed);
  const SecretMask nothing;
  BulkAnswerParser parser(nothing);
  repeat_for(kTime, 10 * kLeast, [&] {
    std::string text = answers.next();
    std::string again = text;
    const auto answer = parser.parse(text, 3);
    if (answer) {
      EXPECT_EQ(answer->statuses.size(), 3U);
      for (const ClusterError& error : answer->errors) EXPECT_LT(error.item, 3U);
    }
    static_cast<void>(parser.parse_error(again));
  });
}

// Every call is given every kind of answer; what comes of it is a result or an error with a text.
TEST(AnswerFuzz, EveryCallOutlivesEveryAnswer) {
  std::mutex mutex;
  Mutation answers(sound_answers(), kSeed);
  http::FakeServer server([&](const http::FakeRequest&) {
    static constexpr std::array kStatuses = {200, 200, 200, 200, 200, 200, 200, 404,
                                             400, 201, 302, 403, 429, 500, 503};
    const std::lock_guard lock(mutex);
    return http::FakeReply{kStatuses[answers.below(kStatuses.size())],
                           answers.next(),
                           {},
                           http::FakeReply::Fault::none};
  });
  http::HttpClient http(server.target(), 2);
  IndexAdmin admin(http, "orders");
  DocumentReader reader(http, "orders");
  IndexClaim claim(http, "orders");
  const std::vector<FieldMapping> fields = {{"a", "long", "", {}}, {"o.x", "text", "", {}}};
  const IndexOwner owner{"i", "p"};
  IndexDescription description;
  description.name = "orders";
  description.settings = "another";
  const std::vector<std::function<bool()>> calls = {
      [&] { return admin.cluster_info().ok(); },
      [&] { return admin.describe().ok(); },
      [&] { return admin.create(fields, {}, owner).ok(); },
      [&] { return admin.add_missing_fields(fields).ok(); },
      [&] { return admin.change_settings(description, {R"({"refresh_interval":"7s"})"}).ok(); },
      [&] { return admin.begin_load_mode().ok(); },
      [&] { return admin.end_load_mode().ok(); },
      [&] { return admin.refresh().ok(); },
      [&] {
        return admin.versions({"1", "2"}).ok();
      },
      [&] { return admin.count().ok(); },
      [&] { return admin.begin_scroll().ok(); },
      [&] { return admin.next_page("s").ok(); },
      [&] {
        return reader.read(std::vector<std::string>{"1", "2", "3"}).ok();
      },
      [&] { return reader.checkpoints().ok(); },
      [&] { return reader.field("o.x").ok(); },
      [&] { return claim.note_owner(owner).ok(); },
      [&] { return claim.write_name(description).ok(); },
      [&] { return claim.release(owner).ok(); },
  };
  size_t turn = 0, understood = 0;
  repeat_for(2 * kTime, kLeast, [&] { understood += calls[turn++ % calls.size()]() ? 1 : 0; });
  EXPECT_GT(understood, 0U);
}

TEST(AnswerJson, ReadsWhatIsThere) {
  const auto answer = parse_answer(R"({"a":{"b":"text","n":7,"u":18446744073709551615}})");
  EXPECT_EQ(answer_text(answer_at(answer, {"a", "b"})), "text");
  EXPECT_EQ(answer_integer(answer_at(answer, {"a", "n"})), 7);
  EXPECT_FALSE(answer_integer(answer_at(answer, {"a", "u"})));
  EXPECT_TRUE(answer_at(answer, {"a", "b", "c"}).is_null());
  EXPECT_TRUE(answer_object(answer_at(answer, {"a", "b"})).empty());
  EXPECT_TRUE(answer_list(answer_at(answer, {"a"})).empty());
  EXPECT_TRUE(parse_answer("[1,").is_discarded());
  const std::string brackets(kAnswerDepthMax + 1, '[');
  EXPECT_TRUE(parse_answer(brackets + std::string(brackets.size(), ']')).is_discarded());
  EXPECT_FALSE(parse_answer("\"" + brackets + "\"").is_discarded());
}

}  // namespace
}  // namespace syncline::index
