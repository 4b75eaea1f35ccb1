// What is known of one provider's keys, and when to ask again: by Cache-Control within bounds, sooner after a failure
// (with growing pauses) and when a token needs a key that is not there. Failures leave the keys as they are.
// Pure: answers and times are arguments (ms of a clock that never goes back). One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/access/key_set.h"
#include "fanfare/base/limits.h"
#include "fanfare/jwks/transport.h"

namespace fanfare::jwks {

// What an answer meant. The log has a line for each that differs from the one before; kKept has none.
enum class News {
  kKept,       // nothing new
  kChanged,    // other keys than before, or the first
  kRecovered,  // the same keys, after failures
  kFailed,     // the first failure since it last went well
};

// The keys of an answer's body. Those that cannot be used are left out, as parse_jwks does, and so is whatever could
// sign: a secret or a private key that a URL shows is everybody's.
Result<KeySet> keys_of_body(std::string_view body, std::optional<Algorithm> wanted, const Limits& limits);

// How long the answer may be used, in s: its max-age, 0 for no-cache and no-store, or nothing if it does not say.
std::optional<std::uint64_t> max_age_s(std::string_view cache_control);

class Refresh {
 public:
  // wanted: as in KeySet::parse. limits is borrowed. The first fetch is due at once.
  Refresh(std::optional<Algorithm> wanted, const Limits& limits) : wanted_(wanted), limits_(limits) {}

  const std::shared_ptr<const KeySet>& keys() const { return keys_; }
  // Of the answer that the keys are from, for If-None-Match.
  const std::string& etag() const { return etag_; }
  std::uint64_t due_ms() const { return due_ms_; }
  // Why the last answer was a failure; empty if it was not.
  const std::string& failure() const { return failure_; }

  // A token needs other keys. False: they were asked for less than jwks_renew_s_min ago, and nothing is to come of it.
  bool want(std::uint64_t now_ms);
  void on_begin(std::uint64_t now_ms) { begun_ms_ = now_ms; }
  News on_answer(const Result<Answer>& answer, std::uint64_t now_ms);

 private:
  Result<bool> take(const Result<Answer>& answer);
  std::uint64_t age_ms(std::string_view cache_control) const;

  std::optional<Algorithm> wanted_;
  const Limits& limits_;
  std::shared_ptr<const KeySet> keys_;
  std::string body_;  // that the keys are from
  std::string etag_;
  std::string failure_;
  std::uint64_t due_ms_ = 0;
  std::optional<std::uint64_t> begun_ms_;
  unsigned failures_ = 0;  // in a row
};

}  // namespace fanfare::jwks
