// The embedded files: complete, typed, tagged, and fit for `default-src 'self'`.
#include "fanfare/console/console.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

namespace fanfare {
namespace {

const ConsoleAsset* find(std::string_view path) {
  for (const ConsoleAsset& asset : console_assets()) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

// The first group of every match of the pattern in the text.
std::set<std::string> matches(std::string_view text, const char* pattern) {
  std::set<std::string> found;
  const std::string copy(text);
  const std::regex expression(pattern);
  for (std::sregex_iterator it(copy.begin(), copy.end(), expression), end; it != end; ++it)
    found.insert((*it)[1].str());
  return found;
}

TEST(Console, ServesThePageAtTheRoot) {
  const ConsoleAsset* page = find("/");
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(page->body.starts_with("<!doctype html>"));
  EXPECT_TRUE(page->body.ends_with("</html>\n"));
}

TEST(Console, HasEveryFileThatThePageOrAScriptNames) {
  const std::set<std::string> named = matches(find("/")->body, R"re((?:src|href)="(/[^"]*)")re");
  EXPECT_GE(named.size(), 4U);
  for (const std::string& path : named) EXPECT_NE(find(path), nullptr) << path;
  for (const ConsoleAsset& asset : console_assets()) {
    if (!asset.path.ends_with(".js")) continue;
    for (const std::string& path : matches(asset.body, R"re(from "\.(/[^"]*)")re")) {
      EXPECT_NE(find(path), nullptr) << asset.path << " imports " << path;
    }
  }
}

TEST(Console, TellsTheTypeOfEachFile) {
  EXPECT_EQ(find("/console.css")->content_type, "text/css; charset=utf-8");
  EXPECT_EQ(find("/console.js")->content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(find("/favicon.svg")->content_type, "image/svg+xml; charset=utf-8");
}

TEST(Console, TagsEachFileStronglyAndNamesItOnce) {
  std::set<std::string_view> paths;
  std::set<std::string_view> tags;
  for (const ConsoleAsset& asset : console_assets()) {
    EXPECT_TRUE(std::regex_match(std::string(asset.etag), std::regex("\"[0-9a-f]{32}\""))) << asset.path;
    EXPECT_FALSE(asset.body.empty()) << asset.path;
    paths.insert(asset.path);
    tags.insert(asset.etag);
  }
  EXPECT_EQ(paths.size(), console_assets().size());
  EXPECT_EQ(tags.size(), console_assets().size());
}

TEST(Console, NeedsNoInlineScriptOrStyle) {
  for (const ConsoleAsset& asset : console_assets()) {
    if (asset.path != "/" && !asset.path.ends_with(".svg")) continue;
    const std::regex inline_code(R"re(<style|<script>|\sstyle=|\son[a-z]+=|javascript:)re");
    EXPECT_FALSE(std::regex_search(std::string(asset.body), inline_code)) << asset.path;
  }
}

TEST(Console, LoadsNothingFromAnotherOrigin) {
  for (const ConsoleAsset& asset : console_assets()) {
    for (const std::string& url : matches(asset.body, R"re((https?://[^"'\s]+))re")) {
      const bool is_name = url.starts_with("http://www.w3.org/") || url.starts_with("https://example.com/");
      EXPECT_TRUE(is_name) << asset.path << " names " << url;
    }
  }
}

}  // namespace
}  // namespace fanfare
