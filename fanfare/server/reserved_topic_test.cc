#include "fanfare/server/reserved_topic.h"

#include <gtest/gtest.h>

namespace fanfare {
namespace {

TEST(ReservedTopic, IsTheHubsPathAndWhatIsBelowOnAnyHostHoweverItIsWritten) {
  for (const char* topic : {
           "",
           " ",
           "?query",
           "#fragment",
           "mercure",
           " mercure ",
           "mercure?query",
           "mercure/",
           "mercure/subscriptions/foo",
           "./mercure",
           "x/../mercure",
           "../.well-known/mercure",
           "../../../.well-known/mercure/x",
           "%2e/mercure",
           "x/%2E./mercure",
           "%6Dercure",
           "%6dercure",
           "me%72cure",
           "/.well-known/mercure",
           "/.well-known/mercure/",
           "/.well-known/mercure#fragment",
           "/.well-known/mercure/subscriptions/foo/bar",
           "/%2Ewell-known/me%72cure/x",
           "/.well%2Dknown/mercure",
           "/a/../.well-known/./mercure",
           "\\.well-known\\mercure",
           "\\\\example.com\\.well-known\\mercure",
           "//example.com/.well-known/mercure",
           "https://example.com/.well-known/mercure",
           "https://example.com/.well-known/mercure/subscriptions/foo",
           "https://example.com:8443/.well-known/mercure?x",
           "https://user:secret@[::1]/.well-known/mercure/x",
           "HTTPS://example.com/.well-known/mercure",
           "http://other.example/.well-known/mercure",
           "https:\\\\example.com\\.well-known\\mercure\\x",
           "https:////example.com/.well-known/mercure",
           "https:/.well-known/mercure",
           "https:mercure/x",
           "http:example.com/.well-known/mercure",
           "ws://example.com/.well-known/mercure",
           "ftp:example.com/.well-known/mercure",
           "file:///.well-known/mercure",
           "file:\\.well-known\\mercure",
           "urn:/.well-known/mercure",
           "app://example/.well-known/mercure/x",
       }) {
    EXPECT_TRUE(is_reserved_topic(topic)) << topic;
  }
}

TEST(ReservedTopic, IsNothingElse) {
  for (const char* topic : {
           "bar",
           "a topic with spaces",
           "mercureXXX",
           "mercure-dashboard",
           "Mercure",
           "mercure:foo",
           "mercure%2Fx",
           "mercure%",
           "mercure%6",
           "mercure/..",
           "mercure/../x",
           "../mercure/x",
           "/mercure",
           "subscriptions/foo",
           "x/mercure",
           "urn:example:mercure",
           "urn:mercure/subscriptions/foo",
           "urn:uuid:0190a1b2-0000-7000-8000-000000000000",
           "/foo/.well-known/mercure/bar",
           "/.well-known//mercure",
           "/.well-known%2Fmercure",
           "/.well-known/mercure%2Fx",
           "/.Well-Known/mercure",
           "/.well-known/mercurex",
           "//.well-known/mercure",
           "https://.well-known/mercure",
           "https:///.well-known/mercure",
           "https://example.com",
           "https://example.com/",
           "https://example.com/books/1",
           "https://example.com/foo/.well-known/mercure",
           "https://example.com/?topic=/.well-known/mercure",
           "https://example.com#/.well-known/mercure",
           "https://example.com/.well-known/mercure/../x",
           "app://example\\.well-known\\mercure",
           "app:.well-known/mercure",
           "1:/.well-known/mercure",
           "*",
           "{x}",
       }) {
    EXPECT_FALSE(is_reserved_topic(topic)) << topic;
  }
}

}  // namespace
}  // namespace fanfare
