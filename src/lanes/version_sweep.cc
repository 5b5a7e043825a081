#include "lanes/version_sweep.h"

#include <utility>

#include "index/index_admin.h"

namespace syncline::lanes {

VersionSweep::VersionSweep(compose::PlanContext& context, WorkTable& table, const LoadFeed& load,
                           LaneEvents& events, SweepStart start)
    : Sweep(context, table, events, std::move(start.shape)), load_(load), due_(start.due) {}

VersionSweep::~VersionSweep() {
  end_walk();
}

void VersionSweep::end_walk() {
  if (walk_ && !walk_->scroll_id.empty()) context_.admin.end_scroll(walk_->scroll_id);
  walk_.reset();
}

// While one is due already, its mark is stored (and may say more: a resync).
Status VersionSweep::note_request() {
  if (due_) return {};
  return context_.records().set_shape(std::nullopt);
}

void VersionSweep::start_over() {
  end_walk();
  due_ = SweepOptions{0, context_.strangers_below};
}

Duration VersionSweep::rest() const {
  return walk_ && !load_.running() && table_.feed_is_clear(feed_) ? Duration::zero() : kRestMax;
}

Status VersionSweep::step() {
  if (load_.running() || !due_ || !table_.feed_is_clear(feed_)) return {};
  if (!walk_) {
    if (!may_begin()) return {};
    SYNCLINE_RETURN_IF_ERROR(begin_walk());
  }
  SYNCLINE_ASSIGN(const std::vector<std::string> ids, next_page());
  table_.add_all(feed_, ids, WorkTable::Haste::patient);
  if (!walk_->done) return {};
  const int64_t unowned = walk_->unowned;
  end_walk();
  due_.reset();
  context_.strangers_below = context_.strangers_below_after_resync;
  return end(unowned);
}

Status VersionSweep::begin_walk() {
  if (due_->since_version == 0) {
    SYNCLINE_ASSIGN(due_->since_version, context_.versions->take());
  }
  walk_.emplace(Walk());
  return {};
}

Result<std::vector<std::string>> VersionSweep::next_page() {
  std::vector<std::string> ids;
  while (ids.empty() && !walk_->done) {
    if (!walk_->started) SYNCLINE_RETURN_IF_ERROR(context_.admin.refresh());
    SYNCLINE_ASSIGN(index::IndexAdmin::ScrollPage page,
                    walk_->started ? context_.admin.next_page(walk_->scroll_id)
                                   : context_.admin.begin_scroll());
    walk_->started = true;
    walk_->scroll_id = std::move(page.scroll_id);
    walk_->done = page.documents.empty();
    for (index::FoundDocument& document : page.documents) {
      if (document.version >= due_->since_version) continue;
      if (document.version < due_->unowned_below) {
        ++walk_->unowned;
        continue;
      }
      ids.push_back(std::move(document.id));
    }
  }
  return ids;
}

}  // namespace syncline::lanes
