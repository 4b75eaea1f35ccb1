#include "fanfare/server/router.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

class NamedEndpoint final : public Endpoint {
 public:
  void answer(Exchange& /*exchange*/) override {}
};

http::RequestHead request(std::string method, std::string path) {
  http::RequestHead head;
  head.method = std::move(method);
  head.path = std::move(path);
  return head;
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.add("GET", "/a", reader_);
    router_.add("POST", "/a", writer_);
    router_.add("GET", "/b", other_);
    router_.add("POST", "/c", writer_);
    router_.add("OPTIONS", "/c", other_);
  }
  Endpoint* found(const std::string& method, const std::string& path) {
    const auto endpoint = router_.route(request(method, path));
    return endpoint ? *endpoint : nullptr;
  }
  http::Response refusal(const std::string& method, const std::string& path) {
    auto endpoint = router_.route(request(method, path));
    return endpoint ? http::Response{.status = 0, .headers = {}, .body = {}} : std::move(endpoint.error());
  }
  static std::string allow(const http::Response& response) {
    const auto* header = response.headers.find("Allow");
    return header == nullptr ? "" : *header;
  }

  std::shared_ptr<Endpoint> reader_ = std::make_shared<NamedEndpoint>();
  std::shared_ptr<Endpoint> writer_ = std::make_shared<NamedEndpoint>();
  std::shared_ptr<Endpoint> other_ = std::make_shared<NamedEndpoint>();
  Router router_;
};

TEST_F(RouterTest, FindsTheEndpointOfMethodAndPath) {
  EXPECT_EQ(found("GET", "/a"), reader_.get());
  EXPECT_EQ(found("POST", "/a"), writer_.get());
  EXPECT_EQ(found("GET", "/b"), other_.get());
}

TEST_F(RouterTest, HeadGoesWhereGetGoes) {
  EXPECT_EQ(found("HEAD", "/a"), reader_.get());
  EXPECT_EQ(found("HEAD", "/c"), nullptr);
}

TEST_F(RouterTest, AnUnknownPathIs404WhateverTheMethod) {
  for (const char* path : {"/", "/a/", "/A", "a", "", "/a?b", "*"}) {
    EXPECT_EQ(refusal("GET", path).status, 404) << path;
  }
  EXPECT_EQ(refusal("OPTIONS", "/nothing").status, 404);
}

TEST_F(RouterTest, AnotherMethodIs405AndToldWhatIsAllowed) {
  for (const char* method : {"DELETE", "get", "TRACE", ""}) {
    const auto response = refusal(method, "/a");
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(allow(response), "OPTIONS, HEAD, GET, POST") << method;
  }
}

TEST_F(RouterTest, OptionsIsAnsweredWhereNoEndpointDoes) {
  EXPECT_EQ(refusal("OPTIONS", "/b").status, 204);
  EXPECT_EQ(allow(refusal("OPTIONS", "/b")), "OPTIONS, HEAD, GET");
  EXPECT_EQ(found("OPTIONS", "/c"), other_.get());
  EXPECT_EQ(allow(refusal("GET", "/c")), "OPTIONS, POST");
}

TEST_F(RouterTest, OptionsOfTheServerAsAWholeIsAnswered) {
  const auto response = refusal("OPTIONS", "*");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(allow(response), "GET, HEAD, QUERY, POST, OPTIONS");
}

}  // namespace
}  // namespace fanfare
