#include "fanfare/jwks/jwks_url.h"

#include <gtest/gtest.h>

namespace fanfare::jwks {
namespace {

TEST(JwksUrl, TellsWhatIsShownAndWhoCouldChangeTheAnswer) {
  const struct {
    const char* text;
    const char* shown;
    bool is_protected;
  } rows[] = {
      {"https://id.example/keys", "https://id.example/keys", true},
      {"https://id.example/keys?secret=1", "https://id.example/keys", true},
      {"http://id.example:8080/keys", "http://id.example:8080/keys", false},
      {"http://127.0.0.1:9/k", "http://127.0.0.1:9/k", true},
      {"http://127.example.com/k", "http://127.example.com/k", false},
      {"http://[::1]/k", "http://[::1]/k", true},
      {"http://localhost/k", "http://localhost/k", true},
  };
  for (const auto& row : rows) {
    const auto url = JwksUrl::parse(row.text);
    ASSERT_TRUE(url) << row.text << ": " << url.error().message;
    EXPECT_EQ(url->text, row.text);
    EXPECT_EQ(url->shown, row.shown);
    EXPECT_EQ(url->is_protected, row.is_protected) << row.text;
  }
}

TEST(JwksUrl, RefusesWhatIsNoUrlOfAKeySet) {
  for (const char* bad : {"", "id.example/keys", "file:///etc/keys", "ftp://id.example/keys", "https://",
                          "https://a b/", "https://user@id.example/keys", "https://user:word@id.example/keys",
                          "https://id.example/keys#first", "gopher://id.example/"}) {
    EXPECT_FALSE(JwksUrl::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace fanfare::jwks
