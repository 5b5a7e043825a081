#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace syncline {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr CounterFamily kWritten{{"written_total", "Documents written."}};
constexpr GaugeFamily kLag{{"lag", "Changes that wait."}};

MetricLabels plan(const std::string& name) {
  return {{"plan", name}};
}

TEST(MetricsTest, HandlesOfTheSameLabelsAreOneSeries) {
  Metrics metrics;
  metrics.counter(kWritten, plan("a")).add();
  const Counter again = metrics.counter(kWritten, plan("a"));
  again.add(2);
  EXPECT_EQ(again.value(), 3);
  EXPECT_EQ(metrics.counter(kWritten, plan("b")).value(), 0);
}

TEST(MetricsTest, ASnapshotIsOrderedByNameAndLabels) {
  Metrics metrics;
  metrics.counter(kWritten, plan("b")).add(2);
  metrics.counter(kWritten, plan("a")).add(1);
  const Gauge lag = metrics.gauge(kLag, {});
  lag.set(7);
  lag.add(-2);
  const std::vector<MetricSamples> all = metrics.snapshot();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].family.name, "lag");
  EXPECT_EQ(all[0].type, MetricType::gauge);
  EXPECT_THAT(all[0].values, ElementsAre(Pair(MetricLabels(), 5)));
  EXPECT_EQ(all[1].family.help, "Documents written.");
  EXPECT_EQ(all[1].type, MetricType::counter);
  EXPECT_THAT(all[1].values, ElementsAre(Pair(plan("a"), 1), Pair(plan("b"), 2)));
}

TEST(MetricsTest, WhatIsForgottenBeginsAnewAndItsHandleStillCounts) {
  Metrics metrics;
  const Counter old = metrics.counter(kWritten, plan("a"));
  old.add(5);
  metrics.counter(kWritten, plan("b")).add(1);
  metrics.gauge(kLag, {}).set(1);  // without the label
  metrics.forget("plan", [](const std::string& value) { return value == "a"; });
  old.add();
  EXPECT_EQ(old.value(), 6);
  ASSERT_EQ(metrics.snapshot().size(), 2u);
  EXPECT_THAT(metrics.snapshot()[1].values, ElementsAre(Pair(plan("b"), 1)));
  EXPECT_EQ(metrics.counter(kWritten, plan("a")).value(), 0);
}

TEST(MetricsTest, ShowsABoundedNumberOfSeries) {
  Metrics metrics;
  for (size_t i = 0; i < Metrics::kSeriesMax; ++i) {
    metrics.counter(kWritten, plan(std::to_string(i)));
  }
  const Counter unseen = metrics.counter(kWritten, plan("one too many"));
  unseen.add();
  EXPECT_EQ(unseen.value(), 1);
  EXPECT_EQ(metrics.snapshot()[0].values.size(), Metrics::kSeriesMax);
  metrics.forget("plan", [](const std::string& value) { return value == "0"; });
  metrics.counter(kWritten, plan("one too many"));
  EXPECT_EQ(metrics.snapshot()[0].values.size(), Metrics::kSeriesMax);
}

TEST(MetricsTest, NothingIsLostBetweenThreads) {
  constexpr int kEach = 10'000;
  Metrics metrics;
  const auto count = [&] {
    const Counter counter = metrics.counter(kWritten, plan("a"));
    for (int i = 0; i < kEach; ++i) counter.add();
  };
  std::thread other(count);
  count();
  other.join();
  EXPECT_EQ(metrics.counter(kWritten, plan("a")).value(), 2 * kEach);
}

}  // namespace
}  // namespace syncline
