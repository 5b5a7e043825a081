// AutomaticField: how a column is mapped in the index when the job names no mappings: searchable as
// far as every value that the column may hold is still taken.
//
// Pure function, any thread.
#pragma once

#include <string>

#include "model/pg_type.h"

namespace syncline::postgres {

struct AutomaticField {
  std::string type;
  std::string params_json;  // an object's text, or empty
};

AutomaticField automatic_field(const PgType& type);

}  // namespace syncline::postgres
