#include "compose/composer.h"

#include <utility>

#include "compose/foreign_composer.h"
#include "compose/owned_composer.h"
#include "compose/plan_context.h"

namespace syncline::compose {

retry::ParkedDocument refused_here(const PlanContext& context, const std::string& id,
                                   std::string type, std::string reason) {
  retry::ParkedDocument parked;
  parked.job = context.home().name();
  parked.id = id;
  parked.status = 400;
  parked.type = std::move(type);
  parked.reason = std::move(reason);
  return parked;
}

std::unique_ptr<Composer> make_composer(PlanContext& context, const StopSignal& stop) {
  if (context.owned) return std::make_unique<OwnedComposer>(context, stop);
  return std::make_unique<ForeignComposer>(context, stop);
}

}  // namespace syncline::compose
