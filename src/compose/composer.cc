#include "compose/composer.h"

#include "compose/foreign_composer.h"
#include "compose/owned_composer.h"
#include "compose/plan_context.h"

namespace syncline::compose {

std::unique_ptr<Composer> make_composer(PlanContext& context, const StopSignal& stop) {
  if (context.owned) return std::make_unique<OwnedComposer>(context, stop);
  return std::make_unique<ForeignComposer>(context, stop);
}

}  // namespace syncline::compose
