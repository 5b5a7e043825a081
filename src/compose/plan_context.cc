#include "compose/plan_context.h"

namespace syncline::compose {

const Member& PlanContext::home() const {
  for (const auto& member : members) {
    if (member->defines_documents()) return *member;
  }
  return *members.front();
}

}  // namespace syncline::compose
