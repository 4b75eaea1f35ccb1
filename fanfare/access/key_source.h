// Keys that change while a hub runs: those that somebody publishes under a URL. Here is what whoever checks tokens
// needs of them; fanfare/jwks fetches. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fanfare/access/key_set.h"

namespace fanfare {

// What a source shows of itself.
struct KeySourceFigures {
  std::string url;                           // without what may be secret
  std::size_t keys = 0;                      // that can be used
  std::uint64_t fetches_total = 0;           // begun
  std::uint64_t failures_total = 0;          // of these, that brought no keys
  std::optional<std::int64_t> fetched_at_s;  // Unix time at which the keys were last known to be the provider's
};

// What comes of asking a source for its keys again.
enum class Renewal {
  kAwaited,  // the fetch will be over within bounded time
  kTooSoon,  // they were asked for so recently that it is of no use
  kTooMany,  // so many wait for that fetch already that one more may not
};

class KeySource {
 public:
  virtual ~KeySource() = default;

  // nullptr: none have come yet.
  virtual std::shared_ptr<const KeySet> current() const = 0;
  // Grows whenever current() changes.
  virtual std::uint64_t version() const = 0;
  // Asks for the keys again, since a token needs one that is not among them. kAwaited: done will be called once, on any
  // thread, when the fetch is over, however it went; else it is dropped. Whoever does not wait gives an empty one. It
  // should hold little: it is kept whether or not somebody still needs it.
  virtual Renewal renew(std::move_only_function<void()> done) = 0;
  virtual KeySourceFigures figures() const = 0;
};

}  // namespace fanfare
