// ForeignResolver: finds documents by searching the index, whose compared field somebody else
// writes.
//
// What the index does not show yet is found by the sweep over what was changed since.
#pragma once

#include <map>

#include "compose/resolver.h"
#include "index/document_reader.h"

namespace syncline::compose {

class ForeignResolver final : public Resolver {
 public:
  explicit ForeignResolver(PlanContext& context) : context_(context) {}
  ~ForeignResolver() override;

  Result<std::optional<ResolvedPage>> all(const Member& property, std::span<const std::string> keys,
                                          size_t max) override;
  // A page's resume is an open search, which a restart cannot go on with: it begins again.
  Result<ResolvedPage> page(const Member& property, const std::string& key,
                            const std::string& resume) override;

 private:
  struct Query {
    std::string matching;
    std::optional<std::string> unindexed;  // where the cluster refuses the first
  };
  Result<Query> query_of(const Member& property, std::span<const std::string> keys);
  void end_scroll();

  PlanContext& context_;
  std::string scroll_id_;  // of the key that is paged through
};

}  // namespace syncline::compose
