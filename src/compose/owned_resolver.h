// OwnedResolver: finds documents in the tables that give the compared field, never in the index,
// which may lag behind.
#pragma once

#include "compose/resolver.h"
#include "compose/shape.h"

namespace syncline::compose {

class OwnedResolver final : public Resolver {
 public:
  OwnedResolver(const Shape& shape, const StopSignal& stop) : shape_(shape), stop_(stop) {}

  Result<std::optional<ResolvedPage>> all(const Member& property, std::span<const std::string> keys,
                                          size_t max) override;
  Result<ResolvedPage> page(const Member& property, const std::string& key,
                            const std::string& resume) override;

 private:
  void take(const Member& host, const postgres::Rows& rows, ResolvedPage& page) const;

  const Shape& shape_;
  const StopSignal& stop_;
};

}  // namespace syncline::compose
