// The inner loops of loading and following, each alone: what one row, key or answer costs.
//
//   micro [Google Benchmark's flags]    times them
//   micro --repeat CASE N               runs one N times and nothing else, for counting
//   instructions micro --list                        the names of the cases
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "document/bulk_builder.h"
#include "document/copy_row.h"
#include "document/document_id.h"
#include "document/row_writer.h"
#include "document/test_types.h"
#include "index/bulk_answer.h"

namespace syncline {
namespace {

constexpr std::string_view kLine =
    "(17,4)\t123456\t3456\tpaid\torder number 123456 of the shop\t1234.56\t9\tt\t"
    "2026-01-02 10:17:36+00\t2026-03-27\tleft at the door,\\nline 456\t17636.571428571428\n";
constexpr size_t kFields = 12;  // a place in the file, and eleven columns
constexpr size_t kAnswerItems = 1000;

struct Case {
  std::string name;
  std::function<void()> run;
};

document::RowWriter flat_writer() {
  return document::RowWriter({{"id", document::int4_type(), 0},
                              {"customer", document::int4_type(), 1},
                              {"status", document::text_type(), 2},
                              {"title", document::text_type(), 3},
                              {"amount", document::numeric_type(), 4},
                              {"quantity", document::int4_type(), 5},
                              {"paid", document::bool_type(), 6},
                              {"created_at", document::timestamptz_type(), 7},
                              {"due", document::date_type(), 8},
                              {"note", document::text_type(), 9},
                              {"ratio", document::make_type(PgType::Kind::number, "float8"), 10}});
}

// A row of COPY's text taken apart.
Case copy_row() {
  return {"copy_row", [line = std::string(), row = document::CopyRow()]() mutable {
            line = kLine;
            benchmark::DoNotOptimize(row.split(line.data(), line.size(), kFields));
          }};
}

// A row as JSON.
Case row_writer() {
  auto line = std::make_shared<std::string>(kLine);
  auto row = std::make_shared<document::CopyRow>();
  row->split(line->data(), line->size(), kFields);
  return {"row_writer", [line, row, writer = flat_writer(), out = std::string()]() mutable {
            out.clear();
            writer.append_members(row->fields().subspan(1), 0, out);
            benchmark::DoNotOptimize(out.data());
          }};
}

// The whole way of a row from COPY into a body, which begins anew after a thousand of them.
Case load_row() {
  return {"load_row", [line = std::string(), row = document::CopyRow(), writer = flat_writer(),
                       codec = document::DocumentIdCodec({document::int4_type()}),
                       builder = document::BulkBuilder()]() mutable {
            if (builder.size_items() % 1000 == 0) builder.begin(7, {});
            line = kLine;
            row.split(line.data(), line.size(), kFields);
            const auto values = row.fields().subspan(1);
            builder.begin_document(*codec.encode(values.first(1)));
            builder.bytes() += '{';
            writer.append_members(values, 0, builder.bytes());
            benchmark::DoNotOptimize(builder.end_document());
          }};
}

// A key of the change log into a document's id, and back into the columns' text.
Case document_id() {
  return {"document_id",
          [codec = document::DocumentIdCodec({document::int4_type(), document::text_type()})] {
            const auto parts = document::DocumentIdCodec::split_key("{123456,\"north west\"}", 2);
            const std::vector<std::optional<std::string_view>> values(parts->begin(), parts->end());
            benchmark::DoNotOptimize(codec.decode(*codec.encode(values)));
          }};
}

// A thousand items of a cluster's answer, one of them refused.
Case bulk_answer() {
  std::string text = R"({"errors":true,"items":[)";
  for (size_t i = 1; i < kAnswerItems; ++i) text += R"({"index":{"status":201}},)";
  text += R"({"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"no"}}}]})";
  static const SecretMask none;
  auto parser = std::make_shared<index::BulkAnswerParser>(none);
  return {"bulk_answer", [text, parser]() mutable {
            benchmark::DoNotOptimize(parser->parse(text, kAnswerItems));
          }};
}

std::vector<Case> all_cases() {
  return {copy_row(), row_writer(), load_row(), document_id(), bulk_answer()};
}

int repeat(std::string_view name, int64_t times) {
  auto cases = all_cases();
  const auto found =
      std::ranges::find_if(cases, [name](const Case& each) { return each.name == name; });
  if (found == cases.end()) {
    std::cerr << "no such case: " << name << "\n";
    return 2;
  }
  for (int64_t i = 0; i < times; ++i) found->run();
  return 0;
}

int list() {
  for (const Case& each : all_cases()) std::cout << each.name << "\n";
  return 0;
}

int measure(int argc, char** argv) {
  for (Case& each : all_cases()) {
    benchmark::RegisterBenchmark(each.name.c_str(), [run = each.run](benchmark::State& state) {
      for (auto step : state) {
        benchmark::DoNotOptimize(step);
        run();
      }
    });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace syncline

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  if (arguments.size() == 1 && arguments[0] == "--list") return syncline::list();
  if (arguments.size() == 3 && arguments[0] == "--repeat")
    return syncline::repeat(arguments[1], std::strtoll(argv[3], nullptr, 10));
  return syncline::measure(argc, argv);
}
