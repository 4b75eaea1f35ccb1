// How a server speaks TLS 1.2 and 1.3 (RFC 5246, 8446; OpenSSL): its certificates, chosen by the name that the client
// asks for (SNI, RFC 6066 section 3), what it speaks inside (ALPN, RFC 7301), and its session tickets.
// Ciphers: forward secrecy and authenticated encryption only. No renegotiation, compression, early data or client
// certificates. What it is not: it reads no files and knows no sockets (tls_session.h).
// Immutable after make(); any thread. Sessions hold on to theirs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/net/tls_tickets.h"

struct ssl_ctx_st;

namespace fanfare::net {

// A certificate and its key, as PEM.
struct TlsIdentity {
  std::string certificate;  // the server's own first, then those that lead to an authority
  std::string key;          // not encrypted
  std::string name;         // of both in errors: where they come from
};

struct TlsOptions {
  std::vector<TlsIdentity> identities;  // one at least; the first is shown to whoever names none of them
  std::vector<std::string> protocols;   // of ALPN, the preferred first
};

class TlsContext {
 public:
  // Fails, with the identity's name, for what is no PEM, keys that are encrypted or of another certificate, and
  // signatures that OpenSSL calls weak. tickets outlive a context, so that those of the one before stay good.
  static Result<std::shared_ptr<const TlsContext>> make(const TlsOptions& options, std::shared_ptr<TlsTickets> tickets);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Unix time until which each identity's certificate is valid, in the order of the options.
  std::span<const std::int64_t> valid_until_s() const { return valid_until_s_; }

 private:
  friend class TlsSession;
  struct Calls;  // what OpenSSL calls back
  explicit TlsContext(std::shared_ptr<TlsTickets> tickets) : tickets_(std::move(tickets)) {}
  Result<void> add(const TlsIdentity& identity);

  const std::shared_ptr<TlsTickets> tickets_;
  std::vector<ssl_ctx_st*> contexts_;  // one for each identity
  std::vector<std::int64_t> valid_until_s_;
  std::string protocols_;  // in the form of ALPN: a byte of length before each
};

}  // namespace fanfare::net
