// Router: the one table of paths and methods, and the way from a request to its handler.
//
// Owner: ApiServer; filled before the server starts, then immutable and for any thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/answer.h"
#include "control/failure_json.h"
#include "control/json.h"

namespace syncline::api {

struct Call {
  std::string name;                // what stands for :name in the path
  std::string id;                  // and for :id
  control::QueryParameters query;  // what stands behind its question mark
  control::Json body;              // null unless the endpoint takes one
};

using CallHandler = std::function<Answer(const Call&)>;

enum class BodyRule {
  none,      // what is sent is not looked at
  required,  // must be JSON
  optional,  // may be left out; what is sent must be an empty JSON object
  options,   // may be left out; else JSON for the handler to look at
};

// On which thread an endpoint is answered.
enum class Effort {
  none,     // the one that reads the sockets: nothing is waited for, nothing of any size computed
  memory,   // one that never waits for a database, a cluster, or another's command
  large,    // one for what may be of any size, so that it is made one after another
  command,  // one of the workers
};

struct Endpoint {
  BodyRule body = BodyRule::none;
  CallHandler handler;
  Effort effort = Effort::command;
};

class Router {
 public:
  // `pattern`: "/jobs/:name/status", found with and without /v1 before it; :id takes any text. A
  // GET endpoint answers HEAD as well.
  void add(std::string_view method, std::string_view pattern, BodyRule body, CallHandler handler,
           Effort effort = Effort::command);

  struct Match {
    const Endpoint* endpoint = nullptr;  // null: `refusal` says why
    std::string name, id;                // decoded
    Answer refusal;                      // 404, or 405 with Allow
  };
  // `path`: as it was sent, percent-encoded, so that an id may hold a slash.
  Match find(const std::string& method, std::string_view path) const;

 private:
  struct Route {
    std::vector<std::string> segments;
    std::map<std::string, Endpoint, std::less<>> methods;
  };

  std::vector<Route> routes_;
};

}  // namespace syncline::api
