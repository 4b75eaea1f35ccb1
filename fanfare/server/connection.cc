#include "fanfare/server/connection.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fanfare/server/access_log.h"
#include "fanfare/server/http1_protocol.h"
#include "fanfare/server/http2_protocol.h"
#include "fanfare/server/shard.h"

namespace fanfare {
namespace {

constexpr int kReadsAtOnce = 16;                                                // then the loop gets its turn
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 section 3.4

// For a client that speaks HTTP in clear where TLS is spoken.
std::string plain_on_tls() {
  const http::Response problem = http::problem_response(400, "this port speaks TLS: its URLs begin with https://");
  return "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nConnection: close\r\nContent-Length: " +
         std::to_string(problem.body.size()) + "\r\n\r\n" + problem.body;
}

}  // namespace

Connection::Connection(Shard& shard, int fd, const net::Address& peer, Reception reception, Place place,
                       std::shared_ptr<const net::TlsContext> tls, Opening opening)
    : shard_(shard),
      socket_(*shard.loop(), fd, *this, shard.limits()),
      peer_(peer.text()),
      peer_address_(net::IpAddress::of(peer)),
      place_(std::move(place)),
      reception_(reception) {
  if (opening == Opening::kProxyHeader) {
    introduction_ = std::make_unique<Introduction>(Introduction{.header = {}, .tls = std::move(tls)});
  } else {
    begin(std::move(tls));
  }
}

void Connection::begin(std::shared_ptr<const net::TlsContext> tls) {
  if (tls != nullptr) {
    socket_.start_tls(std::move(tls));
  } else {
    protocol_ = std::make_unique<Http1Protocol>(*this);
  }
}

Connection::~Connection() = default;

void Connection::start() {
  if (is_closed()) {  // the socket could not be watched
    close();
    return;
  }
  if (protocol_ != nullptr) {
    protocol_->set_deadline();
  } else {
    wait_at_most(shard_.limits().request_idle_ms);
  }
  socket_.wait_readable();
}

// --- Reading -----------------------------------------------------------------------------------------------------

void Connection::on_readable() {
  if (introduction_ != nullptr) {
    take_proxy_header();
    if (introduction_ != nullptr || is_closed()) return;
  }
  if (protocol_ == nullptr) {
    shake_hands();
    if (protocol_ == nullptr) return;
  }
  receive();
  if (is_closed()) return;
  send_now();
  if (is_closed()) return;
  set_deadline();
  read_on();
}

void Connection::take_proxy_header() {
  net::ProxyHeader& header = introduction_->header;
  while (header.wanted() > 0) {
    const net::IoResult read = socket_.read(shard_.read_buffer().first(header.wanted()));
    if (read.status == net::IoStatus::kWouldBlock) return socket_.wait_readable();
    if (read.status != net::IoStatus::kDone) return close();  // as checks of whether somebody listens do
    if (const auto taken = header.take({shard_.read_buffer().data(), read.bytes}); !taken) {
      shard_.refuse_proxy_header(LogLevel::kWarning, peer_, taken.error().message);
      return close();
    }
  }
  if (const auto source = header.source()) be_told(*source);
  if (is_closed()) return;
  const std::unique_ptr<Introduction> done = std::move(introduction_);
  begin(done->tls);
  if (protocol_ != nullptr) protocol_->set_deadline();
}

// The peer is who the proxy says, also where limits are concerned.
void Connection::be_told(const net::Address& source) {
  peer_ = source.text();
  peer_address_ = net::IpAddress::of(source);
  auto [place, welcome] = shard_.take_place(peer_address_);
  place_ = std::move(place);
  if (welcome == Welcome::kClosed) return close();
  if (welcome == Welcome::kRefused && reception_ == Reception::kServed) reception_ = Reception::kTooMany;
}

void Connection::shake_hands() {
  switch (socket_.tls()->shake_hands()) {
    case net::TlsSession::Handshake::kDone:
      is_opening_ = false;
      if (socket_.tls()->protocol() == "h2") {
        protocol_ = std::make_unique<Http2Protocol>(*this);
      } else {
        protocol_ = std::make_unique<Http1Protocol>(*this);
      }
      return;
    case net::TlsSession::Handshake::kWantsToRead:
      socket_.wait_readable();
      return;
    case net::TlsSession::Handshake::kWantsToWrite:
      socket_.wait_writable();
      return;
    case net::TlsSession::Handshake::kFailed:
      break;
  }
  shard_.shared().log.write(LogLevel::kDebug, "tls_failed", {{"peer", peer_}, {"reason", socket_.tls()->failure()}});
  shard_.counters().tls_failures_total.add();
  if (socket_.tls()->got_plain_http()) socket_.send_last_in_clear(plain_on_tls(), shard_.read_buffer());
  close();
}

bool Connection::wants_bytes() const {
  return !peer_ended_ && !is_closed() && (lingering_ || protocol_->wants_bytes());
}

void Connection::read_on() {
  if (wants_bytes()) socket_.wait_readable();
}

void Connection::receive() {
  // What comes behind a request that has to wait is kept, up to the size of a head.
  const std::span<char> buffer =
      shard_.read_buffer().first(std::min(shard_.read_buffer().size(), shard_.limits().request_head_bytes_max));
  for (int i = 0; i < kReadsAtOnce && wants_bytes(); ++i) {
    const net::IoResult read = socket_.read(buffer);
    if (read.status == net::IoStatus::kWouldBlock) break;
    if (read.status == net::IoStatus::kFailed) {
      close();
    } else if (read.status == net::IoStatus::kEnd) {
      peer_ended_ = true;
      lingering_ ? close() : protocol_->receive_end();
    } else {
      const std::string_view bytes(buffer.data(), read.bytes);
      if (is_opening_) {
        open_with(bytes);
      } else if (!lingering_) {
        protocol_->receive(bytes);
      }
      if (read.bytes < buffer.size() && !socket_.has_buffered()) break;
    }
  }
}

// The first bytes: HTTP/2 without TLS begins with its preface (RFC 9113 section 3.3), and nothing else does.
void Connection::open_with(std::string_view bytes) {
  const bool is_first = opening_bytes_ == 0;
  while (opening_bytes_ < kHttp2Preface.size() && !bytes.empty() && bytes.front() == kHttp2Preface[opening_bytes_]) {
    ++opening_bytes_;
    bytes.remove_prefix(1);
  }
  const bool is_http2 = opening_bytes_ == kHttp2Preface.size();
  if (!is_http2 && bytes.empty()) {
    if (is_first) wait_at_most(shard_.limits().request_idle_ms);  // for all of it, as for a request's head
    return;
  }
  is_opening_ = false;
  if (is_http2) protocol_ = std::make_unique<Http2Protocol>(*this);
  if (opening_bytes_ > 0) protocol_->receive(kHttp2Preface.substr(0, opening_bytes_));
  if (!bytes.empty() && !is_closed()) protocol_->receive(bytes);
}

// --- Writing -----------------------------------------------------------------------------------------------------

void Connection::send_now() {
  if (blocked_ || is_closed()) return;
  if (protocol_->has_output()) {
    shard_.flush_now(*this);
  } else {
    protocol_->settle();
  }
}

std::size_t Connection::compose(std::span<std::string_view> slices) {
  return reset_ ? 0 : protocol_->compose(slices);
}

void Connection::on_written(net::IoResult result, std::size_t bytes_composed) {
  if (reset_) {
    socket_.reset();
    close("reset: it held memory that others need");
    return;
  }
  if (result.status == net::IoStatus::kFailed) {
    close();
    return;
  }
  const auto [has_more, was_an_answer] = protocol_->consume(result.bytes);
  if (result.bytes < bytes_composed || socket_.has_unsent()) {
    blocked_ = true;
    socket_.wait_writable();
  } else {
    if (has_more) shard_.mark_dirty(*this);
    protocol_->settle();
  }
  if (!was_an_answer || is_closed()) return;
  set_deadline();
  read_on();
}

void Connection::on_writable() {
  if (protocol_ == nullptr) {
    on_readable();
    return;
  }
  if (socket_.has_unsent()) {
    const net::IoStatus status = socket_.tls()->send_unsent().status;
    if (status == net::IoStatus::kFailed) return close();
    if (status == net::IoStatus::kWouldBlock) return socket_.wait_writable();
  }
  blocked_ = false;
  shard_.mark_dirty(*this);
}

void Connection::on_news() {
  if (!blocked_) shard_.mark_dirty(*this);
}

void Connection::reset_later() {
  reset_ = true;
  shard_.mark_dirty(*this);
}

// --- Time and the end --------------------------------------------------------------------------------------------

void Connection::set_deadline() {
  const bool is_in_preface = is_opening_ && opening_bytes_ > 0;  // open_with() has set it
  if (!is_in_preface) protocol_->set_deadline();
}

void Connection::wait_at_most(std::uint64_t ms) {
  wait_until(ms == 0 ? 0 : net::steady_ms() + ms);
}

void Connection::wait_until(std::uint64_t at_ms) {
  if (lingering_) return;  // that runs out, whatever still comes
  deadline_ms_ = at_ms;
  shard_.watch_deadline(*this);
}

void Connection::on_deadline() {
  if (lingering_ || protocol_ == nullptr) {
    close();
  } else {
    protocol_->on_deadline();
  }
}

void Connection::close_if_peer_is_gone() {
  const bool is_silent = socket_.is_peer_silent_for(shard_.limits().dead_peer_ms * 5 / 8);
  const bool was_silent = std::exchange(peer_is_silent_, is_silent);
  if (is_silent && was_silent) close("closed: the client's machine does not answer");
}

void Connection::drain(std::string_view last_words) {
  if (protocol_ != nullptr) {
    protocol_->drain(last_words);
  } else {
    close();
  }
}

void Connection::linger() {
  if (lingering_) return;
  if (peer_ended_) {
    close();
    return;
  }
  socket_.shutdown_send();
  wait_at_most(shard_.limits().linger_ms);
  lingering_ = true;
}

void Connection::close(std::string_view note) {
  if (is_retired_) return;
  is_retired_ = true;
  if (protocol_ != nullptr) protocol_->on_closed(note);
  socket_.close();
  shard_.retire(*this);
}

}  // namespace fanfare
