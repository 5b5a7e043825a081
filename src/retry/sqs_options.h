// SqsOptions: which queue of Amazon SQS, and who we are there. Plain data.
#pragma once

#include <string>

#include "http/aws_signature.h"

namespace syncline::retry {

struct SqsOptions {
  std::string queue_url;  // http(s)://host[:port]/account/name
  std::string region;
  http::AwsCredentials credentials;
};

}  // namespace syncline::retry
