// One request and its answer, as endpoints see it, whatever protocol carries it. An endpoint answers each exchange
// exactly once: at once, or later by finding it again in the ExchangeTable.
// One thread: the shard's.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/http/message.h"
#include "fanfare/hub/subscription.h"
#include "fanfare/net/ip_address.h"
#include "fanfare/server/quotas.h"
#include "fanfare/server/subscription_announcer.h"
#include "fanfare/websocket/handshake.h"

namespace fanfare {

// What an exchange answers with for as long as its client stays.
struct Stream {
  std::unique_ptr<Subscription> subscription;
  RenditionRef opening;                      // what comes before the subscription's bytes; empty in a WebSocket
  std::unique_ptr<Presence> presence;        // null if nobody is told of it
  std::optional<std::int64_t> expires_at_s;  // Unix time at which it must have ended
  Place place;                               // among the streams that limits allow
};

// What an exchange keeps until it is answered.
class Waiting {
 public:
  virtual ~Waiting() = default;
  // The server is shutting down: it is time to answer.
  virtual void on_drain() = 0;
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const http::RequestHead& head() const = 0;
  virtual std::string_view body() const = 0;
  // Where it comes from: the connection's other end, or who a trusted proxy says.
  virtual net::IpAddress client() const = 0;
  // The hub's own origin, as this client knows it (origin_of in client_address.h).
  virtual std::string origin() const = 0;

  virtual void respond(http::Response response) = 0;
  // The same; what is held goes when the answer has been sent (HTTP/2: put into frames), or its client has left.
  virtual void respond_holding(http::Response response, std::shared_ptr<const void> held) = 0;
  // Answers a HEAD request for a stream.
  virtual void respond_head(http::ResponseHead head) = 0;
  // Answers with an event stream: the head, its opening, then what the subscription brings.
  virtual void start_stream(http::ResponseHead head, Stream stream) = 0;

  // Answers a request for a WebSocket, of which the stream's units are whole frames.
  virtual void start_websocket(websocket::Handshake handshake, Stream stream) = 0;

  // The answer comes later, by this, which is kept until then; it goes without one when the client leaves.
  virtual void wait_with(std::unique_ptr<Waiting> waiting) = 0;

  // For the subscription of a stream in answer to this exchange.
  virtual Outlet& outlet() = 0;
  virtual Framing framing() const = 0;

  // Keeps the exchange findable in the ExchangeTable until it is answered or its client leaves.
  virtual std::uint64_t token() = 0;
  // The stream's token has expired: it ends.
  virtual void expire() = 0;
};

class ExchangeTable {
 public:
  virtual ~ExchangeTable() = default;
  // nullptr if the client has left.
  virtual Exchange* find(std::uint64_t token) = 0;
};

// What answers the requests of one path and method.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // Before the body is read: how many bytes of it are acceptable, or the answer that spares the reading (CORS fields
  // are added to it).
  virtual std::expected<std::size_t, http::Response> admit(const Exchange& /*exchange*/) { return std::size_t{0}; }
  // The request is complete.
  virtual void answer(Exchange& exchange) = 0;
};

}  // namespace fanfare
