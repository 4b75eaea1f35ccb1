#include "fanfare/cli/hub_url.h"

#include <vector>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

TEST(HubUrl, CompletesWhatAUserLeavesOut) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"localhost:8080", "http://localhost:8080/.well-known/mercure"},
      {"http://localhost:8080", "http://localhost:8080/.well-known/mercure"},
      {"https://example.com/", "https://example.com/.well-known/mercure"},
      {"HTTPS://Example.com", "HTTPS://Example.com/.well-known/mercure"},
      {"[::1]:8080", "http://[::1]:8080/.well-known/mercure"},
      {"https://example.com/hub", "https://example.com/hub"},
      {"example.com/?to=http://x", "http://example.com/?to=http://x"},
      {kDefaultHub, kDefaultHub},
  };
  for (const auto& [text, url] : cases) {
    auto result = hub_url(text);
    ASSERT_TRUE(result) << text;
    EXPECT_EQ(*result, url);
  }
}

TEST(HubUrl, RefusesWhatIsNoHttpUrl) {
  for (std::string_view text : {"", "ftp://example.com", "http://exa mple.com", "http://a\r\nX: y", "file:///etc"}) {
    EXPECT_FALSE(hub_url(text)) << text;
  }
}

TEST(HubUrl, TellsUrlsFromTopics) {
  EXPECT_TRUE(is_http_url("http://a"));
  EXPECT_TRUE(is_http_url("HTTPS://a"));
  EXPECT_FALSE(is_http_url("host/vmstat"));
  EXPECT_FALSE(is_http_url("http:/a"));
  EXPECT_FALSE(is_http_url("urn:x:http://"));
}

TEST(SubscribeUrl, CarriesEveryTopicEncoded) {
  const std::vector<std::string> topics = {"host/vmstat", "a b&c", "/books/{id}"};
  EXPECT_EQ(subscribe_url("http://h/hub", topics),
            "http://h/hub?topic=host%2Fvmstat&topic=a+b%26c&topic=%2Fbooks%2F%7Bid%7D");
  EXPECT_EQ(subscribe_url("http://h/hub?x=1", std::span(topics).first(1)), "http://h/hub?x=1&topic=host%2Fvmstat");
}

TEST(ShownUrl, HidesCredentialsQueryAndFragment) {
  EXPECT_EQ(shown_url("https://me:secret@example.com:1/hub?authorization=token#x"), "https://example.com:1/hub");
  EXPECT_EQ(shown_url("http://h?authorization=a@b/c"), "http://h");
  EXPECT_EQ(shown_url("http://h/@x"), "http://h/@x");
  EXPECT_EQ(shown_url("h/p?q"), "h/p");
}

}  // namespace
}  // namespace fanfare::cli
