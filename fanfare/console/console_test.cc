// The embedded files: complete, typed, tagged, and fit for `default-src 'self'`.
#include "fanfare/console/console.h"

#include <gtest/gtest.h>

#include <optional>
#include <regex>
#include <set>
#include <string>

#include "testing/coding/decoder.h"

namespace fanfare {
namespace {

std::string_view text_of(const ConsoleAsset& asset) {
  return asset.body_for("identity").bytes;
}

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
  EXPECT_TRUE(text_of(*page).starts_with("<!doctype html>"));
  EXPECT_TRUE(text_of(*page).ends_with("</html>\n"));
}

TEST(Console, HasEveryFileThatThePageOrAScriptNames) {
  const std::set<std::string> named = matches(text_of(*find("/")), R"re((?:src|href)="(/[^"]*)")re");
  EXPECT_GE(named.size(), 4U);
  for (const std::string& path : named) EXPECT_NE(find(path), nullptr) << path;
  for (const ConsoleAsset& asset : console_assets()) {
    if (!asset.path.ends_with(".js")) continue;
    for (const std::string& path : matches(text_of(asset), R"re(from "\.(/[^"]*)")re")) {
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
    paths.insert(asset.path);
    for (const ConsoleBody& body : asset.bodies) {
      EXPECT_TRUE(std::regex_match(std::string(body.etag), std::regex("\"[0-9a-f]{32}\""))) << asset.path;
      EXPECT_FALSE(body.bytes.empty()) << asset.path;
      EXPECT_TRUE(tags.insert(body.etag).second) << "other bytes have another tag";
    }
  }
  EXPECT_EQ(paths.size(), console_assets().size());
}

TEST(Console, EachCodingOfAFileIsThatFileAndSmaller) {
  std::size_t plain = 0;
  std::size_t smallest = 0;
  for (const ConsoleAsset& asset : console_assets()) {
    ASSERT_EQ(asset.bodies.size(), 4u) << asset.path;
    const std::string text(text_of(asset));
    std::size_t bytes = 0;
    for (const ConsoleBody& body : asset.bodies) {
      EXPECT_GE(body.bytes.size(), bytes) << asset.path << ": the smallest is the first";
      bytes = body.bytes.size();
      if (body.coding == Coding::kIdentity) continue;
      EXPECT_EQ(coding_testing::decode(body.coding, body.bytes, 1000), text) << asset.path;
    }
    plain += text.size();
    smallest += asset.bodies.front().bytes.size();
  }
  EXPECT_LT(3 * smallest, plain);
}

TEST(Console, TheClientsAcceptEncodingChooses) {
  const ConsoleAsset& page = *find("/");
  const struct {
    std::optional<std::string_view> accepts;
    Coding coding;
  } rows[] = {{std::nullopt, Coding::kIdentity},
              {"", Coding::kIdentity},
              {"gzip, deflate, br, zstd", Coding::kBr},
              {"gzip;q=1, br;q=0.5", Coding::kGzip},
              {"zstd", Coding::kZstd},
              {"deflate", Coding::kIdentity},
              {"compress, identity;q=0", Coding::kIdentity}};
  for (const auto& row : rows) EXPECT_EQ(page.body_for(row.accepts).coding, row.coding) << row.accepts.value_or("none");
}

TEST(Console, NeedsNoInlineScriptOrStyle) {
  for (const ConsoleAsset& asset : console_assets()) {
    if (asset.path != "/" && !asset.path.ends_with(".svg")) continue;
    const std::regex inline_code(R"re(<style|<script>|\sstyle=|\son[a-z]+=|javascript:)re");
    EXPECT_FALSE(std::regex_search(std::string(text_of(asset)), inline_code)) << asset.path;
  }
}

TEST(Console, LoadsNothingFromAnotherOrigin) {
  for (const ConsoleAsset& asset : console_assets()) {
    for (const std::string& url : matches(text_of(asset), R"re((https?://[^"'\s]+))re")) {
      const bool is_name = url.starts_with("http://www.w3.org/") || url.starts_with("https://example.com/");
      EXPECT_TRUE(is_name) << asset.path << " names " << url;
    }
  }
}

}  // namespace
}  // namespace fanfare
