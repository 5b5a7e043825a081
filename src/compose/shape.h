// Shape: what a plan's documents look like: its jobs, compiled once into a tree.
//
// Owner: PlanContext; made from the members when a plan starts and constant from then on, so any
// thread reads it. Reading, resolving and writing walk the tree; whatever follows from a job's kind
// is data of its node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "compose/job_form.h"
#include "compose/member.h"
#include "document/row_writer.h"
#include "postgres/link_pages.h"

namespace syncline::compose {

struct Node;

// A node whose rows give the field with which another one compares.
struct Host {
  const Node* node = nullptr;  // its place is fields or object
  size_t value = 0;            // the field's place in a row of that node
  PgTypePtr type;
  postgres::LinkPages pages;  // from a value of the field to the links of its rows
};

struct Node {
  Place place = Place::document;
  size_t number = 0;               // among the document's children
  const Member* member = nullptr;  // whose rows these are; of the document itself none
  std::string name;                // object, array
  std::string opening;             // object, array: `"name":`
  document::RowWriter writer{{}};  // of one row
  uint64_t defines = 0;            // a bit of its own, if each of its rows makes a document
  // The link to the document: its id, or a field that these nodes give. Found by a value and
  // without hosts: the documents' owner may give the field.
  FoundBy found_by = FoundBy::id;
  std::vector<Host> hosts;
  size_t level = 0;  // rows are read level by level: those found by the id, then those by a value
  std::vector<Node> children;
};

struct Shape {
  Shape() = default;
  Shape(Shape&&) = default;  // the tree's inner pointers stay true
  Shape& operator=(Shape&&) = default;
  Shape(const Shape&) = delete;
  Shape& operator=(const Shape&) = delete;

  Node document;  // its children stand in the order of writing, that of the jobs' names
  std::vector<std::vector<const Node*>> levels;  // the first one is that of the ids

  const std::vector<Node>& nodes() const { return document.children; }
  // Precondition: the shape was compiled from this member among others.
  const Node& node_of(const Member& member) const;
};

// Where two index jobs give one field, the job whose name sorts last wins. Precondition: at most 64
// index jobs, ordered by name; the members outlive the shape. Error: needs_person, blaming the job
// at fault.
Result<Shape> compile_shape(const Members& members);

// The property jobs through which a change of this one goes on its way to documents: itself first,
// then those whose fields it compares with. Of other kinds none.
std::vector<std::string> fan_out_jobs(const Node& node);

// Sentences about database indexes that lookups of this node would need, with the statement that
// makes them.
std::vector<std::string> missing_indexes(const Node& node);

}  // namespace syncline::compose
