#include "compose/resolver.h"

#include "compose/foreign_resolver.h"
#include "compose/owned_resolver.h"
#include "compose/plan_context.h"

namespace syncline::compose {

std::unique_ptr<Resolver> make_resolver(PlanContext& context, const StopSignal& stop) {
  if (context.owned) return std::make_unique<OwnedResolver>(context.shape, stop);
  return std::make_unique<ForeignResolver>(context);
}

}  // namespace syncline::compose
