// The session and the prepared messages against another implementation: the client of wslay. Both sides do at random
// what they may, and the bytes between them come in random pieces. FANFARE_SEED replays one run.
#include <gtest/gtest.h>
#include <wslay/wslay.h>

#include <algorithm>
#include <cstdlib>
#include <list>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "fanfare/websocket/prepared_message.h"
#include "fanfare/websocket/session_recorder.h"
#include "testing/websocket/client.h"

namespace fanfare::websocket {
namespace {

constexpr std::uint64_t kFirstSeed = 1'000;
constexpr std::uint64_t kRuns = 300;

using Lines = std::vector<std::string>;

class WslayClient {
 public:
  explicit WslayClient(std::mt19937_64& random) : random_(random) {
    wslay_event_callbacks callbacks{};
    callbacks.recv_callback = [](auto*, std::uint8_t* to, std::size_t size, int, void* self) {
      return static_cast<WslayClient*>(self)->read(to, size);
    };
    callbacks.send_callback = [](auto*, const std::uint8_t* bytes, std::size_t size, int, void* self) {
      static_cast<WslayClient*>(self)->outgoing.append(reinterpret_cast<const char*>(bytes), size);
      return static_cast<ssize_t>(size);
    };
    callbacks.genmask_callback = [](auto*, std::uint8_t* mask, std::size_t size, void* self) {
      for (std::size_t i = 0; i < size; ++i)
        mask[i] = static_cast<std::uint8_t>(static_cast<WslayClient*>(self)->random_());
      return 0;
    };
    callbacks.on_msg_recv_callback = [](auto*, const wslay_event_on_msg_recv_arg* message, void* self) {
      static_cast<WslayClient*>(self)->take(*message);
    };
    EXPECT_EQ(wslay_event_context_client_init(&context_, &callbacks, this), 0);
    wslay_event_config_set_allowed_rsv_bits(context_, WSLAY_RSV1_BIT);
  }
  ~WslayClient() { wslay_event_context_free(context_); }
  WslayClient(const WslayClient&) = delete;
  WslayClient& operator=(const WslayClient&) = delete;

  void send(std::uint8_t opcode, std::string_view payload, std::uint8_t rsv = WSLAY_RSV_NONE) {
    const wslay_event_msg message{opcode, reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
    EXPECT_EQ(wslay_event_queue_msg_ex(context_, &message, rsv), 0);
  }
  // In fragments of random sizes.
  void send_fragmented(std::uint8_t opcode, std::string payload, std::uint8_t rsv) {
    sources_.push_back({std::move(payload), &random_});
    wslay_event_fragmented_msg message{};
    message.opcode = opcode;
    message.source.data = &sources_.back();
    message.read_callback = [](auto*, std::uint8_t* to, std::size_t room, const wslay_event_msg_source* source,
                               int* eof, void*) {
      auto& [left, dice] = *static_cast<Source*>(source->data);
      const std::size_t size = std::min({room, left.size(), static_cast<std::size_t>((*dice)() % 40)});
      left.copy(reinterpret_cast<char*>(to), size);
      left.erase(0, size);
      *eof = left.empty() ? 1 : 0;
      return static_cast<ssize_t>(size);
    };
    EXPECT_EQ(wslay_event_queue_fragmented_msg_ex(context_, &message, rsv), 0);
  }
  void close() {
    EXPECT_EQ(wslay_event_queue_close(context_, 1000, reinterpret_cast<const std::uint8_t*>("bye"), 3), 0);
  }
  void run() {
    EXPECT_EQ(wslay_event_recv(context_), 0);
    EXPECT_EQ(wslay_event_send(context_), 0);
  }
  bool wants_write() const { return wslay_event_want_write(context_) == 1; }
  bool has_closed() const {
    return wslay_event_get_close_received(context_) == 1 && wslay_event_get_close_sent(context_) == 1;
  }

  std::string incoming;  // what it has not read
  std::string outgoing;  // what it has written
  Lines messages;
  Lines pongs;

 private:
  struct Source {
    std::string left;
    std::mt19937_64* dice;
  };

  ssize_t read(std::uint8_t* to, std::size_t size) {
    if (incoming.empty()) {
      wslay_event_set_error(context_, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    size = std::min(size, incoming.size());
    incoming.copy(reinterpret_cast<char*>(to), size);
    incoming.erase(0, size);
    return static_cast<ssize_t>(size);
  }
  void take(const wslay_event_on_msg_recv_arg& message) {
    const std::string payload(reinterpret_cast<const char*>(message.msg), message.msg_length);
    if (message.opcode == WSLAY_PONG) pongs.push_back(payload);
    if (message.opcode != WSLAY_TEXT_FRAME) return;
    const bool is_compressed = (message.rsv & WSLAY_RSV1_BIT) != 0;
    messages.push_back(is_compressed ? websocket_testing::inflated(payload).value_or("no deflate") : payload);
  }

  std::mt19937_64& random_;
  wslay_event_context_ptr context_ = nullptr;
  std::list<Source> sources_;
};

class Conversation {
 public:
  explicit Conversation(std::uint64_t seed) : random_(seed), client_(random_), bench_(DeflateTerms{}, limits()) {}

  void play() {
    for (std::uint64_t steps = below(60); steps > 0; --steps) act();
    const bool is_drained = below(2) == 0;
    while (is_drained && !is_quiet()) exchange();
    const bool client_closes = below(2) == 0;
    if (client_closes) {
      client_.close();
    } else {
      bench_.session.close(CloseCode::kGoingAway, "over");
    }
    for (int i = 0; i < 10'000 && !(bench_.session.wants_close() && client_.has_closed()); ++i) exchange();
    EXPECT_TRUE(client_.has_closed());
    // wslay answers with the code and the reason that it got.
    EXPECT_TRUE(bench_.recorder.events.ends_with(client_closes ? "close 1000 bye\n" : "close 1001 over\n"));
    compare(is_drained);
  }

 private:
  static Limits limits() {
    Limits limits;
    limits.websocket_control_frames_per_s = 0;
    return limits;
  }
  bool is_quiet() const {
    return data_.empty() && wire_.empty() && bench_.session.output().empty() && client_.outgoing.empty() &&
           client_.incoming.empty() && !client_.wants_write();
  }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  std::string random_text() {
    static constexpr std::string_view kCharacters[] = {
        "a", "b", " ", "{", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    std::string text;
    for (std::uint64_t i = below(4) == 0 ? below(70'000) / 4 : below(200); i > 0; --i)
      text += kCharacters[below(std::size(kCharacters))];
    return text;
  }

  void act() {
    switch (below(6)) {
      case 0:
      case 1:
        return send_from_client();
      case 2: {
        pings_.push_back("ping " + std::to_string(pings_.size()));
        return client_.send(WSLAY_PING, pings_.back());
      }
      case 3:
        return bench_.session.ping("probe " + std::to_string(below(1'000)));
      case 4: {
        const std::string text = random_text();
        if (below(2) == 0) {
          append_text_message(text, data_);
        } else {
          encoder_.encode(text, data_);
        }
        to_client_.push_back(text);
        return;
      }
      default:
        return exchange();
    }
  }

  void send_from_client() {
    const std::string text = random_text();
    const bool is_text = below(2) == 0;
    const bool is_compressed = below(2) == 0;
    to_server_.push_back((is_text ? "text " : "binary ") + text);
    const std::uint8_t opcode = is_text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
    const std::uint8_t rsv = is_compressed ? WSLAY_RSV1_BIT : WSLAY_RSV_NONE;
    const std::string payload = is_compressed ? websocket_testing::deflated(text) : text;
    if (below(2) == 0) return client_.send(opcode, payload, rsv);
    client_.send_fragmented(opcode, payload, rsv);
  }

  // Carries some bytes in both directions; control frames go between data frames.
  void exchange() {
    const std::size_t to_server = std::min<std::size_t>(below(20'000), client_.outgoing.size());
    bench_.feed(client_.outgoing.substr(0, to_server));
    client_.outgoing.erase(0, to_server);
    wire_ += data_;
    data_.clear();
    wire_ += bench_.send();
    const std::size_t to_client = std::min<std::size_t>(below(20'000), wire_.size());
    client_.incoming += wire_.substr(0, to_client);
    wire_.erase(0, to_client);
    client_.run();
  }

  void compare(bool is_drained) {
    Lines received;
    std::istringstream lines(bench_.recorder.events);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("text ") || line.starts_with("binary ")) received.push_back(line);
    }
    // Whoever closes may leave messages unread, and wslay its own ones unsent.
    ASSERT_LE(received.size(), to_server_.size());
    EXPECT_TRUE(std::equal(received.begin(), received.end(), to_server_.begin()));
    ASSERT_LE(client_.messages.size(), to_client_.size());
    EXPECT_TRUE(std::equal(client_.messages.begin(), client_.messages.end(), to_client_.begin()));
    if (is_drained) {
      EXPECT_EQ(received.size(), to_server_.size());
      EXPECT_EQ(client_.messages.size(), to_client_.size());
      EXPECT_EQ(client_.pongs.empty(), pings_.empty());
    }
    auto ping = pings_.begin();
    for (const std::string& pong : client_.pongs) {
      ping = std::find(ping, pings_.end(), pong);
      ASSERT_NE(ping, pings_.end()) << "pongs answer pings, in their order";
    }
    delivered += received.size() + client_.messages.size() + client_.pongs.size();
  }

  std::mt19937_64 random_;
  WslayClient client_;
  SessionBench bench_;
  CompressedMessageEncoder encoder_;
  std::string data_;  // prepared frames, not yet on the wire
  std::string wire_;
  Lines to_server_;
  Lines to_client_;
  Lines pings_;

 public:
  std::size_t delivered = 0;
};

TEST(SessionPeer, AnotherImplementationUnderstandsAndIsUnderstood) {
  const char* replay = std::getenv("FANFARE_SEED");
  const std::uint64_t first = replay != nullptr ? std::strtoull(replay, nullptr, 10) : kFirstSeed;
  std::size_t delivered = 0;
  for (std::uint64_t seed = first; seed < first + (replay != nullptr ? 1 : kRuns); ++seed) {
    SCOPED_TRACE("replay with FANFARE_SEED=" + std::to_string(seed));
    Conversation conversation(seed);
    conversation.play();
    if (HasFailure()) return;
    delivered += conversation.delivered;
  }
  if (replay == nullptr) {
    EXPECT_GT(delivered, 10 * kRuns);
  }
}

}  // namespace
}  // namespace fanfare::websocket
