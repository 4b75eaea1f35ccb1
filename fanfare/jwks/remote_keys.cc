#include "fanfare/jwks/remote_keys.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "fanfare/jwks/refresh.h"

namespace fanfare::jwks {
namespace {

// So many may wait for one fetch: a request each, whose client may have left.
constexpr std::size_t kWaitingMax = 1'000;

using Done = std::move_only_function<void()>;

class RemoteKeys final : public KeySource {
 public:
  RemoteKeys(RemoteKeysOptions options, Log& log)
      : options_(std::move(options)), log_(log), refresh_(options_.wanted, options_.limits) {
    if (!options_.url.is_protected) {
      log_.write(LogLevel::kWarning, "jwks_unprotected",
                 {{"url", options_.url.shown}, {"advice", "whoever is on the way can put keys in: use https"}});
    }
    thread_ = std::thread([this] { fetch_until_stopped(); });
  }
  ~RemoteKeys() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    options_.transport->cancel();
    changed_.notify_one();
    thread_.join();
    for (Done& done : waiting_) done();
  }

  std::shared_ptr<const KeySet> current() const override {
    const std::lock_guard lock(mutex_);
    return refresh_.keys();
  }
  std::uint64_t version() const override { return version_; }
  Renewal renew(Done done) override;
  KeySourceFigures figures() const override;

 private:
  void fetch_until_stopped();
  void on_answer(const Result<Answer>& answer);
  void tell(News news);

  const RemoteKeysOptions options_;
  Log& log_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  Refresh refresh_;
  std::vector<Done> waiting_;  // for the end of the fetch that is under way or due
  std::uint64_t fetches_total_ = 0;
  std::uint64_t failures_total_ = 0;
  std::optional<std::int64_t> fetched_at_s_;
  bool is_fetching_ = false;
  bool stopping_ = false;

  std::atomic<std::uint64_t> version_ = 0;
  std::thread thread_;
};

Renewal RemoteKeys::renew(Done done) {
  const std::lock_guard lock(mutex_);
  const bool is_due = refresh_.due_ms() <= options_.steady_ms();
  if (!is_fetching_ && !is_due && !refresh_.want(options_.steady_ms())) return Renewal::kTooSoon;
  changed_.notify_one();
  if (!done) return Renewal::kAwaited;
  if (waiting_.size() >= kWaitingMax) return Renewal::kTooMany;
  waiting_.push_back(std::move(done));
  return Renewal::kAwaited;
}

KeySourceFigures RemoteKeys::figures() const {
  const std::lock_guard lock(mutex_);
  return {.url = options_.url.shown,
          .keys = refresh_.keys() != nullptr ? refresh_.keys()->keys().size() : 0,
          .fetches_total = fetches_total_,
          .failures_total = failures_total_,
          .fetched_at_s = fetched_at_s_};
}

void RemoteKeys::fetch_until_stopped() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const std::uint64_t now_ms = options_.steady_ms();
    if (now_ms < refresh_.due_ms()) {
      changed_.wait_for(lock, std::chrono::milliseconds(refresh_.due_ms() - now_ms));
      continue;
    }
    refresh_.on_begin(now_ms);
    ++fetches_total_;
    is_fetching_ = true;
    const std::string etag = refresh_.etag();
    lock.unlock();
    const auto answer = options_.transport->get(options_.url.text, etag);
    lock.lock();
    is_fetching_ = false;
    if (stopping_) return;
    on_answer(answer);
    std::vector<Done> waiting = std::exchange(waiting_, {});
    lock.unlock();
    for (Done& done : waiting) done();
    lock.lock();
  }
}

// With the mutex.
void RemoteKeys::on_answer(const Result<Answer>& answer) {
  const News news = refresh_.on_answer(answer, options_.steady_ms());
  if (refresh_.failure().empty()) {
    fetched_at_s_ = static_cast<std::int64_t>(system_unix_ms() / 1'000);
  } else {
    ++failures_total_;
  }
  if (news == News::kChanged) ++version_;
  tell(news);
}

void RemoteKeys::tell(News news) {
  const auto keys = static_cast<std::int64_t>(refresh_.keys() != nullptr ? refresh_.keys()->keys().size() : 0);
  const LogField url{"url", options_.url.shown};
  switch (news) {
    case News::kKept:
      return;
    case News::kChanged:
      return log_.write(LogLevel::kInfo, "jwks_changed", {url, {"keys", keys}});
    case News::kRecovered:
      return log_.write(LogLevel::kInfo, "jwks_recovered", {url, {"keys", keys}});
    case News::kFailed:
      return log_.write(LogLevel::kWarning, "jwks_failed", {url, {"reason", refresh_.failure()}, {"keys_kept", keys}});
  }
}

}  // namespace

std::shared_ptr<KeySource> fetch_keys(RemoteKeysOptions options, Log& log) {
  return std::make_shared<RemoteKeys>(std::move(options), log);
}

}  // namespace fanfare::jwks
