// Reading JSON that a server sent: whatever is missing, or not what it should be, reads as empty.
//
// Used wherever this folder reads answers: nothing here throws, whatever the text, and no other
// way of parsing one is taken (simdjson's, for bulk answers and documents, reports by codes). Pure
// functions.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::index {

// Deeper answers are not understood: what is copied or ended by recursion keeps to the stack. No
// cluster nests a mapping, or an error's causes, that deeply.
constexpr int kAnswerDepthMax = 256;

// A discarded value (no object, no array, nothing) if the text is not JSON.
nlohmann::json parse_answer(std::string_view text);

// The value at a path of keys, or null.
const nlohmann::json& answer_at(const nlohmann::json& value,
                                std::initializer_list<const char*> path);
// Of a string its text, else "".
std::string answer_text(const nlohmann::json& value);
// An object as it is, else an empty one.
const nlohmann::json& answer_object(const nlohmann::json& value);
// An array as it is, else an empty one.
const nlohmann::json& answer_list(const nlohmann::json& value);
// Nothing unless it is a whole number of 64 bits.
std::optional<int64_t> answer_integer(const nlohmann::json& value);

}  // namespace syncline::index
