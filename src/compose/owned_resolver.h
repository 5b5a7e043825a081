// OwnedResolver: finds documents in the tables that give the compared field, never in the index,
// which may lag behind.
#pragma once

#include "compose/resolver.h"

namespace syncline::compose {

class OwnedResolver final : public Resolver {
 public:
  OwnedResolver(const Members& members, const StopSignal& stop) : members_(members), stop_(stop) {}

  Result<std::optional<ResolvedPage>> all(const Member& property, std::span<const std::string> keys,
                                          size_t max) override;
  Result<ResolvedPage> page(const Member& property, const std::string& key,
                            const std::string& resume) override;

 private:
  void take(const Member& provider, const postgres::Rows& rows, ResolvedPage& page) const;

  const Members& members_;
  const StopSignal& stop_;
};

}  // namespace syncline::compose
