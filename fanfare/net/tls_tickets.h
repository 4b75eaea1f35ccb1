// The keys of session tickets (RFC 5077 section 4, RFC 8446 section 4.6.1): whoever comes back with a ticket is spared
// the certificate and its signature. A key seals tickets for one period and opens them for one more, so that a stolen
// key opens no older ones. They are never written down: after a restart everybody shakes hands in full. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

namespace fanfare::net {

struct TlsTicketKey {
  std::array<unsigned char, 16> name;  // stands in the ticket, in clear
  std::array<unsigned char, 32> encryption;
  std::array<unsigned char, 32> authentication;
};

class TlsTickets {
 public:
  static constexpr std::uint64_t kPeriodMs = 12ULL * 3'600 * 1'000;

  TlsTickets();

  // The key that seals at this time, of any clock that does not go back.
  TlsTicketKey sealing_key(std::uint64_t now_ms);
  struct Opening {
    TlsTicketKey key;
    bool is_old = false;  // it seals no more: the ticket is to be renewed
  };
  // The key of this name, if it still opens.
  std::optional<Opening> opening_key(const unsigned char* name, std::uint64_t now_ms);

 private:
  void rotate(std::uint64_t now_ms);

  std::mutex mutex_;
  TlsTicketKey current_;
  std::optional<TlsTicketKey> previous_;
  std::optional<std::uint64_t> since_ms_;  // … current_ seals
};

}  // namespace fanfare::net
