// SourceSpec, TargetSpec, JobSpec: what a user configured, validated, as plain data.
//
// Made by control from JSON; read everywhere. Values, no threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace syncline {

struct SourceSpec {
  std::string name;
  std::string host;
  int port = 5432;
  std::string database;
  std::string user;
  std::string password;
  std::string sslmode, sslrootcert, sslcert, sslkey;  // empty: libpq's default
  std::string capture_schema = "syncline";
  int64_t capture_log_bytes_max = int64_t{8} << 30;
  // Subscribers of publications that hold our tables as well can bear them.
  bool publish_all_tables_ok = false;
  int max_connections = 8;  // at least 3: the change reader, a loader, a composer

  bool operator==(const SourceSpec&) const = default;
};

struct AwsSpec {
  std::string region;
  std::string service = "es";
  bool operator==(const AwsSpec&) const = default;
};

struct TargetSpec {
  std::string name;
  std::string url;  // scheme://host[/prefix], without port
  int port = 9200;
  std::string username, password;
  std::string api_key;
  std::optional<AwsSpec> aws;
  std::string ca_file;
  bool verify = true;

  bool operator==(const TargetSpec&) const = default;
};

enum class JobType { index, property, object, nested };

struct Mapping {
  std::string source_column;
  std::string alias;
  std::string type;
  std::string params_json;  // a JSON object, or empty
  bool operator==(const Mapping&) const = default;
};

struct JobSpec {
  std::string name;
  std::string source;             // source.name
  std::string schema = "public";  // of source.table_name
  std::string table;
  std::vector<std::string> columns;
  std::string target;  // target.name
  std::string index;
  JobType type = JobType::index;
  std::vector<std::string> id;                 // aliases; empty for property
  std::string compare_source, compare_target;  // property
  std::string object_name;                     // object
  std::string nested_name, nested_id;          // nested
  std::vector<Mapping>
      mappings;  // empty: every column of `columns` as itself with the type that fits it
  std::string settings_json;  // a JSON object, or empty
  int foreign_sweep_seconds = 60;
  int verify_every_hours = 0;  // 0: never

  bool operator==(const JobSpec&) const = default;
};

struct JobConfig {
  JobSpec spec;
  bool paused = false;
  // Raised by each resync request; a plan that has not completed this one loads again.
  int64_t resync_generation = 0;
  // The last of them that may take the index from another plan; 0: none.
  int64_t take_over_generation = 0;
  // Raised by each PUT on the job, its source or its target: even an equal one starts it again.
  int64_t revision = 0;
  bool operator==(const JobConfig&) const = default;
};

// All that is configured, at one moment. Immutable once shared.
struct Configuration {
  std::map<std::string, SourceSpec> sources;
  std::map<std::string, TargetSpec> targets;
  std::map<std::string, JobConfig> jobs;
  // Sources that no job needs any more but whose database still carries our schema: to be cleaned
  // when reachable. Includes deleted sources, under a name made unique.
  std::map<std::string, SourceSpec> sources_to_clean;
};

}  // namespace syncline
