// IndexClaim: who keeps an index, and the name under which it is written so that no write can ever
// make it.
//
// Two plans that compose the documents of one index whole would overwrite each other, whether they
// reach it by another alias, another target or from another Syncline: the mapping's _meta says who
// keeps it. A cluster makes a missing index at a write, with guessed types: so bulks go to an alias
// of ours, whose capital letter no index may have.
//
// Owner: a plan's start, one each; stateless but for its cluster. Calls and errors as IndexAdmin's.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "http/http_client.h"
#include "index/index_admin.h"

namespace syncline::index {

// The alias under which the index of this name is written; empty if it would be too long.
std::string write_alias_of(const std::string& concrete_index);

class IndexClaim {
 public:
  IndexClaim(http::HttpClient& http, std::string index) : http_(http), index_(std::move(index)) {}

  // Notes who keeps the index, or that nobody does, beside whatever else stands in _meta.
  Status note_owner(const std::optional<IndexOwner>& owner);

  // What bulks are to be sent to: the alias, added where it is missing. Where that is not allowed
  // (a role for this one name alone), or the index is found by an alias that routes or filters: the
  // name as given, and the index must be looked at again and again. Error: retry.
  Result<std::string> write_name(const IndexDescription& index);

  // Takes the mark of this owner and the alias away; what somebody else noted stays.
  Status release(const IndexOwner& owner);

 private:
  Status add_alias(const std::string& concrete_index, bool hidden);

  http::HttpClient& http_;
  const std::string index_;
};

}  // namespace syncline::index
