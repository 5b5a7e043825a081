// JobForm: what a job's kind means: where its rows go in a document, by what they are found, and
// whether they make documents. The only file of the engine that asks for a kind.
//
// Plain data, made from the configuration; any thread.
#pragma once

#include <string>

#include "model/spec.h"

namespace syncline::compose {

// Where a node of a document's tree is written.
enum class Place {
  document,  // the document itself
  fields,    // a row's fields among those of the document
  object,    // a row as an object below a name
  array,     // rows as the elements of an array below a name, which is there without any, too
};

// What a row has in common with its documents.
enum class FoundBy {
  id,
  value,  // of a field
};

struct JobForm {
  Place place = Place::fields;
  FoundBy found_by = FoundBy::id;
  bool defines_documents = false;
  std::string name;        // object, array
  std::string field_type;  // of the name in the index; empty where there is none
  std::string ordered_by;  // array: the alias that orders its elements
};

JobForm form_of(const JobSpec& spec);

}  // namespace syncline::compose
