// Metrics: counters and gauges of the whole process, in Prometheus' words: a family has a name, a
// help and a type; a series is a family with labels, and has a value.
//
// Owner: main. Thread-safe. A series is looked up once, under a mutex; whoever counts keeps its
// handle and adds without any lock. In the flow: whatever happens is counted where it happens; who
// prints takes a snapshot.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline {

// Their texts must live as long as the process: all are declared in model/metric_families.h.
struct MetricFamily {
  std::string_view name;
  std::string_view help;
};
struct CounterFamily : MetricFamily {};
struct GaugeFamily : MetricFamily {};

using MetricLabels = std::map<std::string, std::string>;
using MetricValue = std::atomic<int64_t>;

// A handle: copies mean the same series. It may outlive the series, and then counts unseen.
class Counter {
 public:
  void add(int64_t by = 1) const { value_->fetch_add(by, std::memory_order_relaxed); }
  int64_t value() const { return value_->load(std::memory_order_relaxed); }

 private:
  friend class Metrics;
  explicit Counter(std::shared_ptr<MetricValue> value) : value_(std::move(value)) {}
  std::shared_ptr<MetricValue> value_;
};

// Likewise, of a value that goes up and down.
class Gauge {
 public:
  void set(int64_t value) const { value_->store(value, std::memory_order_relaxed); }
  void add(int64_t by) const { value_->fetch_add(by, std::memory_order_relaxed); }
  int64_t value() const { return value_->load(std::memory_order_relaxed); }

 private:
  friend class Metrics;
  explicit Gauge(std::shared_ptr<MetricValue> value) : value_(std::move(value)) {}
  std::shared_ptr<MetricValue> value_;
};

enum class MetricType { counter, gauge };

// The series of one family, by their labels.
struct MetricSamples {
  MetricType type = MetricType::counter;
  MetricFamily family;
  std::vector<std::pair<MetricLabels, int64_t>> values;
};

class Metrics {
 public:
  // Series beyond these count, but are not shown: labels must not fill the memory of whoever reads.
  static constexpr size_t kSeriesMax = 50'000;

  // The series of these labels; made, at 0, when first asked for.
  Counter counter(const CounterFamily& family, const MetricLabels& labels);
  Gauge gauge(const GaugeFamily& family, const MetricLabels& labels);

  // Drops the series whose label of this name has an unwanted value.
  void forget(const std::string& label,
              const std::function<bool(const std::string& value)>& unwanted);

  // All values, families by name, their series by labels; families without series are left out.
  std::vector<MetricSamples> snapshot() const;

 private:
  struct Series {
    MetricType type = MetricType::counter;
    MetricFamily family;
    std::map<MetricLabels, std::shared_ptr<MetricValue>> values;
  };
  std::shared_ptr<MetricValue> series(MetricType type, const MetricFamily& family,
                                      const MetricLabels& labels);

  mutable std::mutex mutex_;
  std::map<std::string_view, Series> families_;  // by name
  size_t count_ = 0;                             // of series
};

}  // namespace syncline
