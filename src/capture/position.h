// Position: how far a member is in its source's changes: everything up to there has been dealt
// with. Only the feed that gave it out can read it; others keep it and hand it back.
//
// Plain value.
#pragma once

#include <string>
#include <utility>

namespace syncline::capture {

class Position {
 public:
  Position() = default;
  explicit Position(std::string text) : text_(std::move(text)) {}

  // As it is stored. Of one place there is one text.
  const std::string& text() const { return text_; }

  bool operator==(const Position&) const = default;

 private:
  std::string text_;
};

}  // namespace syncline::capture
