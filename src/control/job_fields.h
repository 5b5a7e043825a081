// Which fields of an index a job writes, as far as its spec tells. Pure functions and values.
//
// Used by job_rules and the parser. A name is a path: "customer.city" lies inside of "customer".
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "model/spec.h"

namespace syncline::control {

struct JobField {
  std::string name;
  std::string place;  // in the job's body, for a Fault: "target.mappings[1].alias"
};

// The column that a property job compares: an alias counts only where no column has that name.
std::string compare_column(const JobSpec& job);

// What one row gives: the aliases, or the columns where they map to themselves. Without those of a
// property job's compare column, which never reaches the document.
std::vector<JobField> row_fields(const JobSpec& job);

// What the job writes into a document: the row's fields, or the one that holds the rows.
std::vector<JobField> fields_written(const JobSpec& job);

// Where a property job may look, or look into, for its compare target: as fields_written, but the
// fields inside of an object job's object instead of the object, which equals no column.
std::vector<JobField> fields_to_compare(const JobSpec& job);

// Names of fields, found by what they overlap with.
class FieldSet {
 public:
  explicit FieldSet(std::vector<JobField> fields);

  // The member that `name` is or lies inside of.
  const JobField* at_or_around(const std::string& name) const;
  // The first member that lies inside of `name`.
  const JobField* inside(const std::string& name) const;
  const std::vector<JobField>& fields() const { return fields_; }

 private:
  std::vector<JobField> fields_;
  std::map<std::string, size_t> positions_;  // in fields_; of equal names the first
};

}  // namespace syncline::control
