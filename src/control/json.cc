#include "control/json.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include "control/json_scanner.h"

namespace syncline::control {

namespace {

constexpr size_t kShownPathBytesMax = 200;

// Builds the tree while it is read, and stops at the first thing that parse_json() refuses:
// nlohmann's own builder would silently let the last of two equal fields win, and take any depth.
class TreeBuilder final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  bool number_integer(number_integer_t value) override { return add(value) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return add(value) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override {
    return add(value) != nullptr;
  }
  bool string(string_t& value) override { return add(std::move(value)) != nullptr; }
  bool binary(binary_t&) override { return refuse("binary values are not JSON"); }

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    ++tokens_;
    Level& level = levels_.back();
    if (!level.keys.insert(value).second)
      return refuse("the field \"" + path_to(value) + "\" is given twice");
    level.key = std::move(value);
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;  // explained below
  }

  Json take_root() { return std::move(root_); }

  // What was refused, and where. Precondition: something was.
  std::string explain(std::string_view text) const {
    const JsonFault fault =
        refusal_.empty() ? JsonScanner(text).find() : JsonScanner(text).find(tokens_);
    const std::string place = place_in_text(text, fault.offset) + ": ";
    if (!refusal_.empty()) return place + refusal_;
    if (fault.what.empty()) return place + "it is not JSON";
    const bool expected = fault.what.starts_with("expected");
    return place + fault.what + (expected ? found_at(text, fault.offset) : "");
  }

 private:
  struct Level {
    Json* container;  // stays in place: what holds it does not grow while it is open
    std::string key;
    std::unordered_set<std::string> keys;
  };

  bool refuse(std::string message) {
    refusal_ = std::move(message);
    return false;
  }

  // The character alone: the text may hold secrets.
  static std::string found_at(std::string_view text, size_t offset) {
    if (offset >= text.size()) return ", but the text ends here";
    const char found = text[offset];
    const bool printable = found > ' ' && found < '\x7f';
    return printable ? std::string(", not ") + found : std::string();
  }

  // "target.mappings[1].alias"
  std::string path_to(const std::string& name) const {
    std::string path;
    for (size_t i = 0; i + 1 < levels_.size(); ++i) {
      const Json& container = *levels_[i].container;
      if (container.is_array()) {
        path += "[" + std::to_string(container.size() - 1) + "]";
      } else {
        path += (path.empty() ? "" : ".") + container.get_ref<const Json::object_t&>().back().first;
      }
    }
    path += (path.empty() ? "" : ".") + name;
    return path.size() <= kShownPathBytesMax ? path : path.substr(0, kShownPathBytesMax) + "…";
  }

  bool open(Json container) {
    if (levels_.size() >= kJsonDepthMax) {
      ++tokens_;
      return refuse("nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
    }
    Json* const added = add(std::move(container));
    if (added == nullptr) return false;
    levels_.push_back({added, {}, {}});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  Json* add(Json value) {
    ++tokens_;
    if (++values_ > kJsonValuesMax) {
      refuse("more than " + std::to_string(kJsonValuesMax) + " values");
      return nullptr;
    }
    if (levels_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Level& level = levels_.back();
    if (level.container->is_array()) {
      auto& elements = level.container->get_ref<Json::array_t&>();
      return &elements.emplace_back(std::move(value));
    }
    // Straight to the end: its own insert would search all fields for the key, which key() has
    // done.
    auto& fields = level.container->get_ref<Json::object_t&>();
    return &fields.emplace_back(std::move(level.key), std::move(value)).second;
  }

  Json root_;
  std::vector<Level> levels_;
  size_t values_ = 0;
  size_t tokens_ = 0;  // as JsonScanner counts them
  std::string refusal_;
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
  TreeBuilder builder;
  try {
    if (Json::sax_parse(text.begin(), text.end(), &builder)) return builder.take_root();
  } catch (const std::exception& e) {
    return Error::bug(std::string("reading JSON failed: ") + e.what());
  }
  return Error::park(builder.explain(text));
}

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string canonical_object_text(const Json& object) {
  if (object.empty()) return {};
  return nlohmann::json::parse(json_text(object)).dump();
}

}  // namespace syncline::control
