#include "http/aws_signature.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace syncline::http {
namespace {

// The test vectors that AWS publishes for Signature Version 4: one key, one moment, service
// "service" in us-east-1.
constexpr int64_t kTimeUs = 1'440'938'160'000'000;  // 2015-08-30T12:36:00Z
const AwsScope kScope = {"us-east-1", "service"};
const AwsCredentials kCredentials = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};

struct Vector {
  std::string name;
  std::string method;
  std::string target;
  AwsHeaders headers;  // Host is added
  std::string signature;
};

void PrintTo(const Vector& vector, std::ostream* out) {
  *out << vector.name;
}

AwsRequest request_of(const Vector& vector) {
  AwsRequest request{vector.method, vector.target, vector.headers, ""};
  request.headers.emplace_back("Host", "example.amazonaws.com");
  return request;
}

std::string signature_of(const AwsHeaders& signed_headers) {
  const std::string& authorization = signed_headers.back().second;
  return authorization.substr(authorization.rfind('=') + 1);
}

class AwsVector : public testing::TestWithParam<Vector> {};

TEST_P(AwsVector, IsSignedAsPublished) {
  const AwsHeaders headers = sign_for_aws(request_of(GetParam()), kCredentials, kScope, kTimeUs);
  EXPECT_EQ(signature_of(headers), GetParam().signature);
}

const std::string kUnreserved =
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const std::vector<Vector> kPublished = {
    Vector{"get-vanilla",
           "GET",
           "/",
           {},
           "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    Vector{"get-header-key-duplicate",
           "GET",
           "/",
           {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
           "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    Vector{"get-header-value-order",
           "GET",
           "/",
           {{"My-Header1", "value4"},
            {"My-Header1", "value1"},
            {"My-Header1", "value3"},
            {"My-Header1", "value2"}},
           "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    Vector{"get-header-value-trim",
           "GET",
           "/",
           {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
           "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    Vector{"get-relative-normalized",
           "GET",
           "/example/..",
           {},
           "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    Vector{"get-relative-relative-normalized",
           "GET",
           "/example1/example2/../..",
           {},
           "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    Vector{"get-slash-dot-slash-normalized",
           "GET",
           "/./",
           {},
           "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    Vector{"get-slash-pointless-dot-normalized",
           "GET",
           "/./example",
           {},
           "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    Vector{"get-slashes-normalized",
           "GET",
           "//example//",
           {},
           "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    Vector{"get-space-normalized",
           "GET",
           "/example space/",
           {},
           "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    Vector{"get-unreserved",
           "GET",
           "/" + kUnreserved,
           {},
           "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    Vector{"get-utf8",
           "GET",
           "/ሴ",
           {},
           "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    Vector{"get-vanilla-empty-query-key",
           "GET",
           "/?Param1=value1",
           {},
           "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    Vector{"get-vanilla-query-order-encoded",
           "GET",
           "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
           {},
           "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    Vector{"get-vanilla-query-order-key-case",
           "GET",
           "/?Param2=value2&Param1=value1",
           {},
           "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    Vector{"get-vanilla-query-unreserved",
           "GET",
           "/?" + kUnreserved + "=" + kUnreserved,
           {},
           "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    Vector{"get-vanilla-utf8-query",
           "GET",
           "/?ሴ=bar",
           {},
           "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    Vector{"post-vanilla",
           "POST",
           "/",
           {},
           "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    Vector{"post-header-key-sort",
           "POST",
           "/",
           {{"My-Header1", "value1"}},
           "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    Vector{"post-header-value-case",
           "POST",
           "/",
           {{"My-Header1", "VALUE1"}},
           "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    Vector{"post-vanilla-query",
           "POST",
           "/?Param1=value1",
           {},
           "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"}};

INSTANTIATE_TEST_SUITE_P(Published, AwsVector, testing::ValuesIn(kPublished),
                         [](const testing::TestParamInfo<Vector>& vector) {
                           std::string name = vector.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(AwsSignatureTest, ABodyIsSigned) {
  // post-x-www-form-urlencoded
  AwsRequest request{"POST",
                     "/",
                     {{"Content-Type", "application/x-www-form-urlencoded"},
                      {"Host", "example.amazonaws.com"},
                      {"Content-Length", "13"},
                      {"X-Amz-Content-Sha256",
                       "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"}},
                     "Param1=value1"};
  EXPECT_EQ(signature_of(sign_for_aws(request, kCredentials, kScope, kTimeUs)),
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b");
}

TEST(AwsSignatureTest, ASessionTokenIsSignedAndSent) {
  AwsCredentials credentials = kCredentials;
  credentials.session_token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
  const AwsRequest request{"GET", "/", {{"Host", "example.amazonaws.com"}}, ""};
  const AwsHeaders headers = sign_for_aws(request, credentials, kScope, kTimeUs);
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_EQ(headers[1].first, "X-Amz-Security-Token");
  EXPECT_EQ(headers[1].second, credentials.session_token);
  EXPECT_EQ(signature_of(headers),
            "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");
}

TEST(AwsSignatureTest, TheHeadersAreThoseThatAwsExpects) {
  const AwsRequest request{"GET", "/", {{"Host", "example.amazonaws.com"}}, ""};
  const AwsHeaders headers = sign_for_aws(request, kCredentials, kScope, kTimeUs);
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[0], (std::pair<std::string, std::string>("X-Amz-Date", "20150830T123600Z")));
  EXPECT_EQ(headers[1].first, "Authorization");
  EXPECT_EQ(headers[1].second,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(AwsSignatureTest, AnEncodedPathIsEncodedOnceMore) {
  // Encoded once only, a space and its "%20" would be the same.
  const auto signed_path = [](const std::string& path) {
    const AwsRequest request{"GET", path, {{"Host", "example.amazonaws.com"}}, ""};
    return signature_of(sign_for_aws(request, kCredentials, kScope, kTimeUs));
  };
  EXPECT_NE(signed_path("/a%20b"), signed_path("/a b"));
}

}  // namespace
}  // namespace syncline::http
