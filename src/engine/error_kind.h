// The word by which a status tells people and programs where a job's trouble lies. Pure.
#pragma once

#include <string_view>

#include "base/result.h"

namespace syncline::engine {

// One of:
//   source_unreachable   no connection to the database, or it broke, or the server is starting
//   source_refused       the database's server does not let us in: password, pg_hba.conf, no such
//                        database
//   source_busy          it lets us in, and lacks connections, memory, disk, or a lock
//   source               it does not do what is needed, for another reason
//   table                a table or column is not there
//   privilege            one is missing, in the database or the cluster
//   target_unreachable   no answer of the cluster, or one that was not understood
//   target_refused       the cluster refuses the credentials
//   target_busy          the cluster asks for less, or is short of something
//   index                the index is not as it must be
//   starting_over        nothing is wrong: the plan begins again, and the message says why
//   data_directory       the engine's own files cannot be written
//   internal             a fault of ours
std::string_view error_kind(const Error& error);

}  // namespace syncline::engine
