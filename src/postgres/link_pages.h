// LinkPages: the link columns of the rows in which one column has some value: from what a property
// row says to the documents it is about.
//
// Owner: a plan's resolver; immutable, any thread with a session of its own.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "postgres/catalog.h"
#include "postgres/session.h"

namespace syncline::postgres {

class LinkPages {
 public:
  // Precondition: the table has these columns.
  LinkPages(const TableInfo& table, const std::vector<std::string>& link,
            const std::string& column);

  // The links (as text, one column each) of at most `max` rows whose column has one of the values,
  // in any order. Error: park where a value does not parse as the column's type.
  Result<Rows> some(Session& session, std::span<const std::string> values, size_t max) const;

  // The same page by page, in the order of the links: after this one (empty: from the start). More
  // than `max` come where several rows have one link.
  Result<Rows> page(Session& session, std::span<const std::string> values,
                    std::span<const std::string> after, size_t max) const;

  size_t link_size() const { return link_size_; }

 private:
  size_t link_size_;
  Statement some_, first_, next_;
};

}  // namespace syncline::postgres
