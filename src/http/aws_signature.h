// AWS Signature Version 4: the headers that prove to an AWS service who sent a request.
//
// A pure function over what will be sent; any thread. Used by the SQS client (retry). The secret
// key never leaves it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace syncline::http {

// Never logged.
struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // may be empty
};

using AwsHeaders = std::vector<std::pair<std::string, std::string>>;

struct AwsRequest {
  std::string method;
  std::string target;  // path and query exactly as they are sent, percent-encoded
  AwsHeaders headers;  // those to be signed, exactly as they are sent; Host must be among them
  std::string body;
};

struct AwsScope {
  std::string region;
  std::string service;
};

// X-Amz-Date, Authorization and, with a session token, X-Amz-Security-Token: to be sent along with
// the headers given. The path is normalised and encoded once more, as every service but S3 wants
// it.
AwsHeaders sign_for_aws(AwsRequest request, const AwsCredentials& credentials,
                        const AwsScope& scope, int64_t wall_time_us);

}  // namespace syncline::http
