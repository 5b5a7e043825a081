// Result<T> and Status: how every function of this project reports failure.
//
// An Error carries a sentence for a person, an Action (what the caller has to do), an Origin (where
// the cause lies) and an optional code (SQLSTATE, HTTP status). Nobody parses the sentence.
// Exceptions of libraries end at the adapter that calls them. Plain values, no threads.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace syncline {

// What an error asks for.
enum class Action {
  retry,         // the database or the cluster is not reachable or overloaded: again, with backoff
  park,          // one document is at fault: store it and go on
  needs_person,  // the job is failed and says what to do
  stop,          // nothing is wrong: somebody asked for an end
  bug,           // a fault of ours
};

// Where the cause lies.
enum class Origin {
  plan,  // nowhere: what the plan knows is no longer true, and it begins again
  database,
  cluster,
  mapping,         // what an index holds and what the jobs ask for do not go together
  config,          // what the jobs ask for cannot be
  data_directory,  // the engine's own files
};

struct Error {
  Action action = Action::bug;
  std::string message;
  Origin origin = Origin::plan;
  std::string code;     // of a database an SQLSTATE, of a cluster an HTTP status; or empty
  std::string culprit;  // whose fault it is where several share a fate: a job's name, or empty

  static Error retry(std::string message, Origin origin = Origin::plan, std::string code = {}) {
    return {Action::retry, std::move(message), origin, std::move(code), {}};
  }
  static Error park(std::string message, Origin origin = Origin::plan, std::string code = {}) {
    return {Action::park, std::move(message), origin, std::move(code), {}};
  }
  static Error needs_person(std::string message, Origin origin = Origin::plan,
                            std::string code = {}) {
    return {Action::needs_person, std::move(message), origin, std::move(code), {}};
  }
  static Error bug(std::string message, Origin origin = Origin::plan) {
    return {Action::bug, std::move(message), origin, {}, {}};
  }
  static Error stop() { return {Action::stop, "stopping", Origin::plan, {}, {}}; }

  // It passes without help: another try is all that it takes.
  bool passes() const { return action == Action::retry || action == Action::stop; }

  // The same error with "context: " before its message.
  Error prefixed(std::string_view context) && {
    message = std::string(context) + ": " + message;
    return std::move(*this);
  }
  // Whoever is named first stays: nobody is nearer to the cause.
  Error blaming(std::string_view who) && {
    if (culprit.empty()) culprit = who;
    return std::move(*this);
  }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition of value(), * and ->: ok(). Precondition of error(): !ok().
  T& value() & {
    assert(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    assert(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    assert(ok());
    return std::move(std::get<0>(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const& {
    assert(!ok());
    return std::get<1>(state_);
  }
  Error&& error() && {
    assert(!ok());
    return std::move(std::get<1>(state_));
  }

 private:
  std::variant<T, Error> state_;
};

// A Result without a value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& {
    assert(!ok());
    return *error_;
  }
  Error&& error() && {
    assert(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace syncline

// Leaves the enclosing function with the error of a Status or Result expression, if it has one.
#define SYNCLINE_RETURN_IF_ERROR(expression)                              \
  do {                                                                    \
    auto syncline_status = (expression);                                  \
    if (!syncline_status.ok()) return std::move(syncline_status).error(); \
  } while (false)

#define SYNCLINE_CONCAT_INNER(a, b) a##b
#define SYNCLINE_CONCAT(a, b) SYNCLINE_CONCAT_INNER(a, b)
#define SYNCLINE_ASSIGN_IMPL(temporary, target, expression) \
  auto temporary = (expression);                            \
  if (!temporary.ok()) return std::move(temporary).error(); \
  target = std::move(temporary).value()

// SYNCLINE_ASSIGN(auto row, read_row()): takes the value, or leaves with the error.
#define SYNCLINE_ASSIGN(target, expression) \
  SYNCLINE_ASSIGN_IMPL(SYNCLINE_CONCAT(syncline_result_, __LINE__), target, expression)
