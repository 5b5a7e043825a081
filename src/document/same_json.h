// Whether two JSON texts mean the same: members of objects in any order, numbers by value.
//
// Pure function, any thread. In the flow: verification compares a document as composed with the one
// that is stored, which may have been written with its fields in another order.
#pragma once

#include <string_view>

namespace syncline::document {

// False where either is not JSON, unless the texts are equal.
bool same_json(std::string_view a, std::string_view b);

}  // namespace syncline::document
