#include "fanfare/jwks/remote_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <sstream>
#include <string>

#include "fanfare/jwks/test_keys.h"

namespace fanfare::jwks {
namespace {

// A provider that answers when the test says so.
class Provider {
 public:
  void answer(Result<Answer> with) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(with));
    changed_.notify_all();
  }
  void answer_keys(const std::string& kid) {
    answer(Answer{.status = 200, .body = set_of({public_jwk(kid)}), .etag = "\"" + kid + "\"", .cache_control = {}});
  }
  // Returns when so many requests have come; the ETag of the last.
  std::string await_request(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_ >= count; });
    return etag_;
  }

 private:
  friend class FakeTransport;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Result<Answer>> answers_;
  std::size_t requests_ = 0;
  std::string etag_;
  bool is_cancelled_ = false;
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(Provider& provider) : provider_(provider) {}
  Result<Answer> get(const std::string&, const std::string& etag) override {
    std::unique_lock lock(provider_.mutex_);
    ++provider_.requests_;
    provider_.etag_ = etag;
    provider_.changed_.notify_all();
    provider_.changed_.wait(lock, [&] { return !provider_.answers_.empty() || provider_.is_cancelled_; });
    if (provider_.is_cancelled_) return fail("cancelled");
    auto answer = std::move(provider_.answers_.front());
    provider_.answers_.pop_front();
    return answer;
  }
  void cancel() override {
    const std::lock_guard lock(provider_.mutex_);
    provider_.is_cancelled_ = true;
    provider_.changed_.notify_all();
  }

 private:
  Provider& provider_;
};

class RemoteKeysTest : public testing::Test {
 protected:
  std::shared_ptr<KeySource> begin(const char* url = "https://id.example/keys") {
    return fetch_keys({.url = JwksUrl::parse(url).value(),
                       .wanted = {},
                       .limits = {},
                       .transport = std::make_unique<FakeTransport>(provider),
                       .steady_ms = [this] { return now_ms.load(); }},
                      log);
  }
  // Asks for keys, and waits for the end of the fetch that is to bring them.
  void renew(KeySource& source, const std::function<void()>& meanwhile) {
    std::promise<void> over;
    ASSERT_EQ(source.renew([&over] { over.set_value(); }), Renewal::kAwaited);
    meanwhile();
    over.get_future().wait();
  }

  Provider provider;
  std::atomic<std::uint64_t> now_ms = 1'000'000;
  std::ostringstream lines;
  Log log{LogFormat::kText, LogLevel::kDebug, lines};
};

TEST_F(RemoteKeysTest, WhoNeedsAKeyWaitsForTheFirstFetch) {
  const auto source = begin();
  provider.await_request(1);
  EXPECT_EQ(source->current(), nullptr);
  EXPECT_EQ(source->version(), 0u);
  EXPECT_EQ(source->figures().fetched_at_s, std::nullopt);
  renew(*source, [&] { provider.answer_keys("a"); });
  ASSERT_NE(source->current(), nullptr);
  EXPECT_EQ(source->current()->keys().front().id(), "a");
  EXPECT_EQ(source->version(), 1u);
  const KeySourceFigures figures = source->figures();
  EXPECT_EQ(figures.url, "https://id.example/keys");
  EXPECT_EQ(figures.keys, 1u);
  EXPECT_EQ(figures.fetches_total, 1u);
  EXPECT_EQ(figures.failures_total, 0u);
  EXPECT_TRUE(figures.fetched_at_s);
}

TEST_F(RemoteKeysTest, AnUnknownKeyBringsOneFetchAndThenNoneForAWhile) {
  std::atomic<int> others = 0;
  auto source = begin();
  renew(*source, [&] { provider.answer_keys("a"); });
  EXPECT_EQ(source->renew([] { ADD_FAILURE() << "asked too soon"; }), Renewal::kTooSoon);
  now_ms += Limits{}.jwks_renew_s_min * 1'000;
  renew(*source, [&] {
    EXPECT_EQ(provider.await_request(2), "\"a\"");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(source->renew([&others] { ++others; }), Renewal::kAwaited);
    provider.answer_keys("b");
  });
  EXPECT_EQ(source->current()->keys().front().id(), "b");
  EXPECT_EQ(source->version(), 2u);
  EXPECT_EQ(source->figures().fetches_total, 2u);
  source.reset();
  EXPECT_EQ(others, 10);
}

TEST_F(RemoteKeysTest, ProvidersThatFailLeaveTheKeysAndAreToldOnce) {
  const auto source = begin("https://id.example/keys?code=hidden");
  renew(*source, [&] { provider.answer_keys("a"); });
  for (int i = 0; i < 2; ++i) {
    now_ms += Limits{}.jwks_renew_s_min * 1'000;
    renew(*source, [&] { provider.answer(fail("nobody there")); });
  }
  EXPECT_EQ(source->current()->keys().front().id(), "a");
  EXPECT_EQ(source->figures().failures_total, 2u);
  const std::string text = lines.str();
  EXPECT_NE(text.find("jwks_changed"), text.npos) << text;
  EXPECT_EQ(text.find("jwks_failed"), text.rfind("jwks_failed")) << text;
  EXPECT_NE(text.find("nobody there"), text.npos) << text;
  EXPECT_EQ(text.find("hidden"), text.npos) << text;
}

TEST_F(RemoteKeysTest, ItsEndCancelsTheFetchAndTellsWhoWaits) {
  auto source = begin();
  provider.await_request(1);
  bool told = false;
  ASSERT_EQ(source->renew([&told] { told = true; }), Renewal::kAwaited);
  source.reset();
  EXPECT_TRUE(told);
}

TEST_F(RemoteKeysTest, SoManyMayWaitForOneFetch) {
  std::atomic<int> told = 0;
  auto source = begin();
  provider.await_request(1);
  const auto wait = [&] { return source->renew([&told] { ++told; }); };
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(wait(), Renewal::kAwaited);
  EXPECT_EQ(wait(), Renewal::kTooMany);
  EXPECT_EQ(source->renew({}), Renewal::kAwaited) << "who only asks for the fetch takes no place";
  source.reset();
  EXPECT_EQ(told, 1'000);
}

TEST_F(RemoteKeysTest, WarnsOfAWayOnWhichKeysCouldBePutIn) {
  begin("http://id.example/keys");
  EXPECT_NE(lines.str().find("jwks_unprotected"), std::string::npos);
  lines.str("");
  begin("http://127.0.0.1/keys");
  EXPECT_EQ(lines.str().find("jwks_unprotected"), std::string::npos);
}

}  // namespace
}  // namespace fanfare::jwks
