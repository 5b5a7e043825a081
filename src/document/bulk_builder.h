// BulkBuilder: writes documents straight into a bulk body.
//
// Owner: a composer or a loader, one thread. Items that a cluster would answer by refusing the
// whole body (an id that is empty or over 512 bytes) are not taken: ask id_is_sendable() first. Nor
// are documents that hold bytes which are no UTF-8. The index is named by the request's URL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/bulk.h"

namespace syncline::document {

constexpr size_t kDocumentIdBytesMax = 512;

// Which field of a JSON object holds bytes that are no UTF-8, as a sentence; nothing: none does.
std::optional<std::string> fault_of(std::string_view json);

class BulkBuilder {
 public:
  // False: the id cannot be sent, the document has to be parked.
  static bool id_is_sendable(std::string_view id) {
    return !id.empty() && id.size() <= kDocumentIdBytesMax;
  }

  // Starts a new body; what was built before is dropped. version: of every item, not negative.
  void begin(int64_t version, TimePoint read_at);

  // Begins an index action; the caller appends the source's members to bytes() (from '{' on, on one
  // line, each with a trailing comma) and calls end_document(). The id must be sendable.
  void begin_document(std::string_view id);
  // The same, written only while the stored document is still the one with these numbers (a foreign
  // index, whose documents have no version of ours).
  void begin_document_if(std::string_view id, int64_t seq_no, int64_t primary_term,
                         const std::optional<std::string>& routing = {});
  std::string& bytes() { return body_.bytes; }
  // Closes the source's object and the item. Precondition: begin_document() and a '{'. False: the
  // id or a value holds bytes that are no UTF-8; the document is dropped, and fault() says where.
  [[nodiscard]] bool end_document();
  const std::string& fault() const { return fault_; }
  // Drops the document begun last, instead of end_document().
  void abandon_document();

  // The id must be sendable, and UTF-8.
  void add_delete(std::string_view id);

  size_t size_bytes() const { return body_.bytes.size(); }
  size_t size_items() const { return body_.items.size(); }
  bool empty() const { return body_.items.empty(); }

  // Gives the body away and leaves the builder empty, with the version and time of begin().
  BulkBody take();

 private:
  void begin_item(std::string_view id, BulkAction action, std::string_view opening,
                  std::string_view ending);
  void end_item();

  BulkBody body_;
  std::string action_end_;  // what follows the id in every action line
  std::string fault_;
};

}  // namespace syncline::document
