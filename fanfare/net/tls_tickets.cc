#include "fanfare/net/tls_tickets.h"

#include <openssl/rand.h>

#include <algorithm>

#include "fanfare/base/check.h"

namespace fanfare::net {
namespace {

TlsTicketKey new_key() {
  TlsTicketKey key;
  const auto fill = [](auto& bytes) { FANFARE_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1); };
  fill(key.name);
  fill(key.encryption);
  fill(key.authentication);
  return key;
}

bool has_name(const TlsTicketKey& key, const unsigned char* name) {
  return std::equal(key.name.begin(), key.name.end(), name);
}

}  // namespace

TlsTickets::TlsTickets() : current_(new_key()) {}

TlsTicketKey TlsTickets::sealing_key(std::uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  rotate(now_ms);
  return current_;
}

std::optional<TlsTickets::Opening> TlsTickets::opening_key(const unsigned char* name, std::uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  rotate(now_ms);
  if (has_name(current_, name)) return Opening{current_, false};
  if (previous_ && has_name(*previous_, name)) return Opening{*previous_, true};
  return std::nullopt;
}

void TlsTickets::rotate(std::uint64_t now_ms) {
  if (!since_ms_) since_ms_ = now_ms;
  if (now_ms < *since_ms_) return;  // another thread has looked at the clock before, and come here later
  const std::uint64_t age_ms = now_ms - *since_ms_;
  if (age_ms < kPeriodMs) return;
  previous_ = age_ms < 2 * kPeriodMs ? std::optional(current_) : std::nullopt;
  current_ = new_key();
  since_ms_ = now_ms;
}

}  // namespace fanfare::net
