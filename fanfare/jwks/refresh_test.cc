#include "fanfare/jwks/refresh.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fanfare/jwks/test_keys.h"

namespace fanfare::jwks {
namespace {

constexpr std::uint64_t kStart_ms = 5'000'000;

Answer good(std::string body, std::string cache_control = {}, std::string etag = {}) {
  return {.status = 200, .body = std::move(body), .etag = std::move(etag), .cache_control = std::move(cache_control)};
}

std::vector<std::string> names_of(const Refresh& refresh) {
  std::vector<std::string> names;
  if (refresh.keys() == nullptr) return names;
  for (const Key& key : refresh.keys()->keys()) names.push_back(key.id());
  return names;
}

using Names = std::vector<std::string>;

class RefreshTest : public testing::Test {
 protected:
  News fetch(const Result<Answer>& answer, std::uint64_t now_ms) {
    refresh.on_begin(now_ms);
    return refresh.on_answer(answer, now_ms);
  }

  const Limits limits;
  Refresh refresh{std::nullopt, limits};
};

TEST_F(RefreshTest, TheFirstFetchIsDueAtOnceAndTheNextWhenCacheControlSays) {
  EXPECT_EQ(refresh.due_ms(), 0u);
  EXPECT_EQ(refresh.keys(), nullptr);
  const struct {
    const char* cache_control;
    std::uint64_t age_s;
  } rows[] = {
      {"", 600},
      {"max-age=300", 300},
      {"public, MAX-AGE=\"120\"", 120},
      {"max-age=1", 60},
      {"no-store", 60},
      {"max-age=900, no-cache", 60},
      {"max-age=99999999", 3'600},
      {"max-age=-1", 600},
      {"s-maxage=5", 600},
      {"max-age=18446744073709551615", 3'600},
  };
  for (const auto& row : rows) {
    fetch(good(set_of({public_jwk("a")}), row.cache_control), kStart_ms);
    EXPECT_EQ(refresh.due_ms(), kStart_ms + row.age_s * 1'000) << row.cache_control;
  }
}

TEST_F(RefreshTest, NewKeysReplaceAllOldOnes) {
  EXPECT_EQ(fetch(good(set_of({public_jwk("a"), public_jwk("b")}), "", "\"1\""), kStart_ms), News::kChanged);
  EXPECT_EQ(names_of(refresh), (Names{"a", "b"}));
  EXPECT_EQ(refresh.etag(), "\"1\"");
  EXPECT_EQ(fetch(good(set_of({public_jwk("c")}), "", "\"2\""), kStart_ms), News::kChanged);
  EXPECT_EQ(names_of(refresh), (Names{"c"}));
  EXPECT_EQ(refresh.etag(), "\"2\"");
}

TEST_F(RefreshTest, TheSameKeysAreNoNewsWhetherTheyComeAgainOrNot) {
  fetch(good(set_of({public_jwk("a")}), "", "\"1\""), kStart_ms);
  const auto before = refresh.keys();
  EXPECT_EQ(fetch(good(set_of({public_jwk("a")})), kStart_ms), News::kKept);
  EXPECT_EQ(fetch(Answer{.status = 304, .body = {}, .etag = {}, .cache_control = "max-age=90"}, kStart_ms),
            News::kKept);
  EXPECT_EQ(refresh.keys(), before);
  EXPECT_EQ(refresh.due_ms(), kStart_ms + 90'000);
}

TEST_F(RefreshTest, AFailureKeepsTheKeysAndIsToldOnce) {
  const Result<Answer> failures[] = {
      fail("no connection"),
      Answer{.status = 500, .body = set_of({public_jwk("z")}), .etag = {}, .cache_control = {}},
      Answer{.status = 302, .body = {}, .etag = {}, .cache_control = {}},
      good("<html>"),
      good(set_of({})),
      good(set_of({secret_jwk("s"), private_jwk("p")})),
  };
  for (const auto& failure : failures) {
    Refresh fresh(std::nullopt, limits);
    EXPECT_EQ(fresh.on_answer(failure, kStart_ms), News::kFailed);
    EXPECT_EQ(fresh.keys(), nullptr);
    EXPECT_NE(fresh.failure(), "");
    fresh.on_answer(good(set_of({public_jwk("a")}), "", "\"1\""), kStart_ms);
    EXPECT_EQ(fresh.failure(), "");
    EXPECT_EQ(fresh.on_answer(failure, kStart_ms), News::kFailed);
    EXPECT_EQ(fresh.on_answer(failure, kStart_ms), News::kKept);
    EXPECT_EQ(names_of(fresh), (Names{"a"}));
    EXPECT_EQ(fresh.etag(), "\"1\"");
    EXPECT_EQ(fresh.on_answer(Answer{.status = 304, .body = {}, .etag = {}, .cache_control = {}}, kStart_ms),
              News::kRecovered);
  }
}

TEST_F(RefreshTest, ARedirectSaysWhatToDo) {
  fetch(Answer{.status = 301, .body = {}, .etag = {}, .cache_control = {}}, kStart_ms);
  EXPECT_EQ(refresh.failure(), "the answer is 301, and redirects are not followed: give the URL that it leads to");
}

TEST_F(RefreshTest, PausesGrowWithFailuresUpToAMinute) {
  std::vector<std::uint64_t> pauses_s;
  for (int i = 0; i < 9; ++i) {
    fetch(fail("no connection"), kStart_ms);
    pauses_s.push_back((refresh.due_ms() - kStart_ms) / 1'000);
  }
  EXPECT_EQ(pauses_s, (std::vector<std::uint64_t>{1, 2, 4, 8, 16, 32, 60, 60, 60}));
  for (int i = 0; i < 100; ++i) fetch(fail("no connection"), kStart_ms);
  EXPECT_EQ(refresh.due_ms(), kStart_ms + 60'000);
  fetch(good(set_of({public_jwk("a")})), kStart_ms);
  fetch(fail("no connection"), kStart_ms);
  EXPECT_EQ(refresh.due_ms(), kStart_ms + 1'000);
}

TEST_F(RefreshTest, ATokenMayBringAFetchForwardOncePerPause) {
  fetch(good(set_of({public_jwk("a")})), kStart_ms);
  EXPECT_FALSE(refresh.want(kStart_ms + 9'999));
  EXPECT_EQ(refresh.due_ms(), kStart_ms + 600'000);
  EXPECT_TRUE(refresh.want(kStart_ms + 10'000));
  EXPECT_EQ(refresh.due_ms(), kStart_ms + 10'000);
  fetch(fail("no connection"), kStart_ms + 10'000);
  EXPECT_FALSE(refresh.want(kStart_ms + 10'001));
}

TEST_F(RefreshTest, WhatCouldSignIsLeftOut) {
  fetch(good(set_of({secret_jwk("s"), public_jwk("a"), private_jwk("p"), R"({"kty":"lattice"})"})), kStart_ms);
  EXPECT_EQ(names_of(refresh), (Names{"a"}));
}

TEST_F(RefreshTest, AWantedAlgorithmLeavesOutKeysOfOthers) {
  Refresh pinned(Algorithm::kRs256, limits);
  EXPECT_EQ(pinned.on_answer(good(set_of({public_jwk("a")})), kStart_ms), News::kFailed);
  Refresh fitting(Algorithm::kEdDsa, limits);
  EXPECT_EQ(fitting.on_answer(good(set_of({public_jwk("a")})), kStart_ms), News::kChanged);
}

TEST_F(RefreshTest, TooManyKeysAreAFailure) {
  std::string many = R"({"keys":[)" + public_jwk("0");
  for (std::size_t i = 1; i <= limits.keys_max; ++i) many += "," + public_jwk(std::to_string(i));
  EXPECT_EQ(fetch(good(many + "]}"), kStart_ms), News::kFailed);
  EXPECT_EQ(refresh.failure(), "the JWKS has more than 100 keys (--limit keys_max)");
}

}  // namespace
}  // namespace fanfare::jwks
