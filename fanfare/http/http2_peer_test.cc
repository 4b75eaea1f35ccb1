// The session with a real peer: nghttp2's client, driven at random over a connection that loses nothing and cuts
// everything. Every stream must get exactly its bytes, in order, and exactly one end.
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <cstdlib>
#include <random>
#include <set>

#include "fanfare/http/http2_recorder.h"

namespace fanfare::http {
namespace {

std::uint8_t* bytes_of(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

// The bytes of a stream from `offset` on: no two streams have the same, nor two places near each other.
std::string pattern(StreamId stream, std::size_t offset, std::size_t size) {
  std::string bytes;
  for (std::size_t i = offset; i < offset + size; ++i)
    bytes += static_cast<char>((stream * 37 + i * 11 + i / 251) % 256);
  return bytes;
}

// A client with some habits: how large its windows are, and when it says that it has read.
class Client {
 public:
  struct Exchange {
    std::string received;
    std::size_t to_send = 0;  // of the request's body
    std::size_t sent = 0;
    bool is_closed = false;
    bool is_reset_here = false;
    std::uint32_t code = 0;
  };

  explicit Client(std::mt19937& random) : random_(random) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        calls, [](auto*, auto, std::int32_t id, auto* bytes, auto size, void* self) {
          auto& client = *static_cast<Client*>(self);
          client.exchanges[static_cast<StreamId>(id)].received.append(reinterpret_cast<const char*>(bytes), size);
          client.unread_[id] += size;
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, [](auto*, std::int32_t id, auto code, void* self) {
      auto& exchange = static_cast<Client*>(self)->exchanges[static_cast<StreamId>(id)];
      exchange.is_closed = true;
      exchange.code = code;
      return 0;
    });
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_session_client_new2(&session_, calls, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(calls);
    set_window(below(2) ? 65'535 : 1 + below(3'000));
  }
  ~Client() { nghttp2_session_del(session_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void set_window(std::uint32_t bytes) {
    const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, bytes};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  // 0 if the connection takes no requests any more.
  StreamId request(std::size_t body_bytes) {
    const std::string length = std::to_string(body_bytes);
    const auto pair = [](std::string_view name, std::string_view value) {
      return nghttp2_nv{bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    };
    std::vector<nghttp2_nv> pairs = {pair(":method", body_bytes > 0 ? "POST" : "GET"), pair(":scheme", "https"),
                                     pair(":path", "/?topic=a"), pair(":authority", "hub"), pair("x", length)};
    nghttp2_data_provider body = {};
    body.read_callback = [](auto*, std::int32_t id, std::uint8_t* out, std::size_t size, std::uint32_t* flags, auto*,
                            void* self) {
      auto& exchange = static_cast<Client*>(self)->exchanges[static_cast<StreamId>(id)];
      const std::string piece =
          pattern(static_cast<StreamId>(id), exchange.sent, std::min(size, exchange.to_send - exchange.sent));
      piece.copy(reinterpret_cast<char*>(out), piece.size());
      exchange.sent += piece.size();
      if (exchange.sent == exchange.to_send) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(piece.size());
    };
    if (nghttp2_session_check_request_allowed(session_) == 0) return 0;
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(),
                                                   body_bytes > 0 ? &body : nullptr, nullptr);
    exchanges[static_cast<StreamId>(id)].to_send = body_bytes;
    return static_cast<StreamId>(id);
  }
  void reset(StreamId id) {
    exchanges[id].is_reset_here = true;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, static_cast<std::int32_t>(id), NGHTTP2_CANCEL);
  }
  // Says of some streams, or of all, that what they brought is read.
  void read(bool all) {
    for (auto& [id, bytes] : unread_)
      if (all || below(2) == 0) nghttp2_session_consume(session_, id, std::exchange(bytes, 0));
  }
  std::string output() {
    std::string out;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;)
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    return out;
  }
  void receive(std::string_view bytes) {
    const auto taken = nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size());
    ASSERT_EQ(taken, static_cast<ssize_t>(bytes.size())) << nghttp2_strerror(static_cast<int>(taken));
  }

  std::map<StreamId, Exchange> exchanges;

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  std::mt19937& random_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::size_t> unread_;
};

// The server's side is the recorder's; what its streams send is counted here.
class World {
 public:
  explicit World(std::uint32_t seed) : random(seed), client(random), bench(Http2Answer::kNever, unlimited()) {}

  static Limits unlimited() {
    Limits limits;
    limits.http2_control_frames_per_s = 0;
    limits.http2_resets_per_s = 0;
    return limits;
  }
  std::size_t below(std::size_t bound) { return random() % bound; }

  void act() {
    switch (below(12)) {
      case 0:
      case 1:
        client.request(below(2) ? 0 : below(100'000));
        break;
      case 2:
        if (below(8) == 0) reset_one();
        break;
      case 3:
        if (below(20) == 0) client.set_window(static_cast<std::uint32_t>(below(70'000)));
        break;
      case 4:
      case 5:
        client.read(false);
        break;
      case 6:
      case 7:
        serve();
        break;
      default:
        carry(1 + below(20'000));
    }
  }

  void reset_one() {
    for (auto& [id, exchange] : client.exchanges)
      if (!exchange.is_closed && !exchange.is_reset_here && below(10) == 0) return client.reset(id);
  }

  // The server does something with each open stream, perhaps.
  void serve() {
    for (auto& [id, seen] : bench.recorder.streams) {
      if (!seen.is_open || below(3) == 0) continue;
      if (!seen.is_answered && (seen.is_ended || below(30) == 0)) {
        begin(id);
      } else if (seen.is_stream && !seen.ends_after) {
        push(id, seen, below(8) == 0);
      }
    }
  }
  void begin(StreamId id) {
    if (below(40) == 0) {
      reset_here.insert(id);
      bench.recorder.reset(id, Http2Error::kInternalError);
    } else if (below(2) == 0) {
      committed[id] = below(60'000);
      bench.recorder.answer(id, pattern(id, 0, committed[id]));
    } else {
      bench.recorder.begin_stream(id);
    }
  }
  void push(StreamId id, Http2Recorder::Seen& seen, bool is_last) {
    if (is_last && seen.pending.empty() && below(2) == 0) {
      seen.ends_after = true;
      return bench.session.end_stream(id);
    }
    const std::size_t bytes = 1 + (below(4) == 0 ? below(40'000) : below(300));
    seen.ends_after = is_last;
    bench.recorder.push(id, pattern(id, committed[id], bytes));
    committed[id] += bytes;
  }

  // At most so many bytes travel each way.
  void carry(std::size_t bytes) {
    to_server += client.output();
    const std::size_t up = std::min(bytes, to_server.size());
    bench.feed(std::string_view(to_server).substr(0, up));
    to_server.erase(0, up);
    if (bench.session.wants_compose()) bench.session.compose(bench, bytes, bench.now_ms);
    const std::size_t down = std::min(bytes, bench.sent.size());
    client.receive(std::string_view(bench.sent).substr(0, down));
    bench.sent.erase(0, down);
  }

  void finish() {
    bench.session.drain();
    for (int i = 0; i < 2'000; ++i) {
      client.set_window(65'535);
      client.read(true);
      for (auto& [id, seen] : bench.recorder.streams)
        if (seen.is_open && !seen.is_answered && seen.is_ended) begin(id);
      for (auto& [id, seen] : bench.recorder.streams)
        if (seen.is_open && seen.is_stream && !seen.ends_after) push(id, seen, true);
      carry(1 << 20);
      if (bench.session.wants_close()) break;
    }
    while (!bench.sent.empty()) carry(1 << 20);
  }

  void check() {
    EXPECT_TRUE(bench.session.wants_close());
    EXPECT_TRUE(bench.session.is_idle());
    EXPECT_FALSE(bench.recorder.has_failed);
    std::size_t whole = 0;
    for (const auto& [id, exchange] : client.exchanges) {
      SCOPED_TRACE(id);
      EXPECT_EQ(exchange.received, pattern(id, 0, exchange.received.size()));
      if (!bench.recorder.streams.contains(id)) continue;  // beyond the GOAWAY, or gone before it was read
      const auto& seen = bench.recorder.streams.at(id);
      EXPECT_EQ(seen.body, pattern(id, 0, seen.body.size()));
      if (!seen.events.ends_with("sent;")) {
        EXPECT_TRUE(seen.events.contains("reset by peer") || reset_here.contains(id)) << seen.events;
        continue;
      }
      EXPECT_TRUE(!seen.is_ended || seen.body.size() == exchange.to_send);
      if (exchange.is_reset_here) continue;
      ++whole;
      EXPECT_EQ(exchange.code, 0u);
      EXPECT_EQ(exchange.received.size(), committed[id]);
    }
    EXPECT_GT(whole, 10u);
    if (getenv("DBG"))
      printf("%zu streams, %zu whole, %zu up %zu\n", client.exchanges.size(), whole, bench.recorder.streams.size(),
             reset_here.size());
  }

  std::mt19937 random;
  Client client;
  Http2Bench bench;
  std::string to_server;
  std::map<StreamId, std::size_t> committed;  // bytes of each answer
  std::set<StreamId> reset_here;
};

TEST(Http2Peer, EveryStreamGetsExactlyItsBytesAndOneEnd) {
  // FANFARE_SEED=N replays one.
  const char* const chosen = std::getenv("FANFARE_SEED");
  const auto first = chosen == nullptr ? 1u : static_cast<std::uint32_t>(std::strtoul(chosen, nullptr, 10));
  const auto last = chosen == nullptr ? 10u : first;
  for (std::uint32_t seed = first; seed <= last && !HasFailure(); ++seed) {
    SCOPED_TRACE("FANFARE_SEED=" + std::to_string(seed));
    World world(seed);
    for (int i = 0; i < 2'000; ++i) world.act();
    world.finish();
    world.check();
  }
}

}  // namespace
}  // namespace fanfare::http
