#include "base/secret_mask.h"

#include <gtest/gtest.h>

namespace syncline {
namespace {

TEST(SecretMask, HidesEveryFormOfASecret) {
  SecretMask mask;
  mask.add_login("elastic", "s3cr\"t/Pass+word");
  for (const char* text : {
           "s3cr\"t/Pass+word", "s3cr%22t%2FPass%2Bword", "s3cr%22t%2fPass%2bword",
           "s3cr\\\"t/Pass+word", "s3cr\\\"t\\/Pass+word", "s3cr&quot;t/Pass+word",
           "Basic ZWxhc3RpYzpzM2NyInQvUGFzcyt3b3Jk",              // elastic:…
           "czNjciJ0L1Bhc3Mrd29yZA==", "czNjciJ0L1Bhc3Mrd29yZA",  // alone
       }) {
    const std::string masked = mask.mask("before " + std::string(text) + " behind");
    EXPECT_TRUE(masked.starts_with("before ") && masked.ends_with(" behind")) << masked;
    EXPECT_NE(masked.find("********"), std::string::npos) << text;
    for (const char* rest : {"Pass", "UGFzc", "Bhc3", "QYXNz"})
      EXPECT_EQ(masked.find(rest), std::string::npos) << masked;
  }
}

TEST(SecretMask, HidesASecretInTheBase64OfSomethingLonger) {
  SecretMask mask;
  mask.add("correct horse battery");
  for (const char* text : {"Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IQ==",     // it, and "!"
                           "eGNvcnJlY3QgaG9yc2UgYmF0dGVyeSE=",     // after "x"
                           "eHhjb3JyZWN0IGhvcnNlIGJhdHRlcnkh"}) {  // after "xx"
    const std::string masked = mask.mask(text);
    EXPECT_LE(masked.size(), 8u + 6u) << masked;
  }
}

TEST(SecretMask, HidesAShortSecretOnlyAsAWord) {
  SecretMask mask;
  mask.add("on");
  EXPECT_EQ(mask.mask("connection refused: on, (on) \"on\""),
            "connection refused: ********, (********) \"********\"");
}

TEST(SecretMask, HidesSignatures) {
  const std::string digits = std::string(32, 'a') + std::string(32, '0');
  EXPECT_EQ(SecretMask().mask("Signature=" + digits + ", x"), "Signature=********, x");
  EXPECT_EQ(SecretMask().mask(digits), "********");
  EXPECT_EQ(SecretMask().mask("deadbeef 0a"), "deadbeef 0a");
}

TEST(SecretMask, LeavesTheRestAlone) {
  SecretMask mask;
  mask.add("");
  mask.add_login("user", "");
  EXPECT_EQ(mask.mask("mapper [a] cannot be changed"), "mapper [a] cannot be changed");
  mask.add("********");
  EXPECT_EQ(mask.mask("********"), "********");
}

}  // namespace
}  // namespace syncline
