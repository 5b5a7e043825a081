#include "lanes/sweep.h"

namespace syncline::lanes {

Sweep::~Sweep() {
  if (!scroll_id_.empty()) admin_.end_scroll(scroll_id_);
}

Result<std::vector<std::string>> Sweep::next_page() {
  std::vector<std::string> ids;
  while (ids.empty() && !done_) {
    if (!started_) SYNCLINE_RETURN_IF_ERROR(admin_.refresh());
    SYNCLINE_ASSIGN(index::IndexAdmin::ScrollPage page,
                    started_ ? admin_.next_page(scroll_id_) : admin_.begin_scroll());
    started_ = true;
    scroll_id_ = std::move(page.scroll_id);
    done_ = page.documents.empty();
    for (index::FoundDocument& document : page.documents) {
      if (document.version >= options_.since_version) continue;
      if (document.version < options_.strangers_below) {
        ++strangers_;
        continue;
      }
      ids.push_back(std::move(document.id));
    }
  }
  return ids;
}

}  // namespace syncline::lanes
