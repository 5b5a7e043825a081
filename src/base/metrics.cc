#include "base/metrics.h"

namespace syncline {

Counter Metrics::counter(const CounterFamily& family, const MetricLabels& labels) {
  return Counter(series(MetricType::counter, family, labels));
}

Gauge Metrics::gauge(const GaugeFamily& family, const MetricLabels& labels) {
  return Gauge(series(MetricType::gauge, family, labels));
}

std::shared_ptr<MetricValue> Metrics::series(MetricType type, const MetricFamily& family,
                                             const MetricLabels& labels) {
  const std::lock_guard lock(mutex_);
  const auto known = families_.find(family.name);
  if (known != families_.end()) {
    const auto found = known->second.values.find(labels);
    if (found != known->second.values.end()) return found->second;
  }
  auto value = std::make_shared<MetricValue>(0);
  if (count_ == kSeriesMax) return value;
  Series& series = families_[family.name];
  series.type = type;
  series.family = family;
  series.values.emplace(labels, value);
  ++count_;
  return value;
}

void Metrics::forget(const std::string& label,
                     const std::function<bool(const std::string& value)>& unwanted) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, series] : families_) {
    count_ -= std::erase_if(series.values, [&](const auto& one) {
      const auto found = one.first.find(label);
      return found != one.first.end() && unwanted(found->second);
    });
  }
}

std::vector<MetricSamples> Metrics::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::vector<MetricSamples> snapshot;
  for (const auto& [name, series] : families_) {
    if (series.values.empty()) continue;
    MetricSamples samples{series.type, series.family, {}};
    for (const auto& [labels, value] : series.values) {
      samples.values.emplace_back(labels, value->load(std::memory_order_relaxed));
    }
    snapshot.push_back(std::move(samples));
  }
  return snapshot;
}

}  // namespace syncline
