// For tests: a source whose keys are what the test says, and whose fetches end when it says. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "fanfare/access/key_source.h"

namespace fanfare {

class TestKeySource final : public KeySource {
 public:
  std::shared_ptr<const KeySet> current() const override {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  std::uint64_t version() const override {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  Renewal renew(std::move_only_function<void()> done) override {
    const std::lock_guard lock(mutex_);
    if (!done) return renewal_ == Renewal::kTooSoon ? Renewal::kTooSoon : Renewal::kAwaited;
    if (renewal_ == Renewal::kAwaited) waiting_.push_back(std::move(done));
    return renewal_;
  }
  KeySourceFigures figures() const override {
    return {.url = "https://id.example/keys", .keys = 7, .fetches_total = 5, .failures_total = 3, .fetched_at_s = 11};
  }

  void set(KeySet keys) {
    const std::lock_guard lock(mutex_);
    keys_ = std::make_shared<const KeySet>(std::move(keys));
    ++version_;
  }
  // What comes of asking from now on; kAwaited until then.
  void answer_renewals(Renewal with) {
    const std::lock_guard lock(mutex_);
    renewal_ = with;
  }
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  // The fetch is over.
  void finish() {
    std::vector<std::move_only_function<void()>> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
    }
    for (auto& done : waiting) done();
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> keys_;
  std::uint64_t version_ = 0;
  Renewal renewal_ = Renewal::kAwaited;
  std::vector<std::move_only_function<void()>> waiting_;
};

}  // namespace fanfare
