// Subscribers in all content codings of a whole server (its real outlets, hub and log), as the input says: they join,
// leave, resume, and fall behind by windows that open little by little, while public and private events are published.
// The real decoders must have every event that has come whole, in order and once. All come to the last one but those
// who were so far behind that the log has lost what they missed: their streams end, complete with trailers.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "fanfare/base/check.h"
#include "fuzz/http2_peer.h"
#include "fuzz/input.h"
#include "fuzz/served.h"
#include "testing/stream_reader.h"

namespace fanfare::fuzz {
namespace {

constexpr std::size_t kLogUpdates = 20;

Served& served() {
  static Served server([](ServerOptions& options) {
    options.limits.audience_units_bytes_max = 4'096;
    options.limits.memory_log_updates_max = kLogUpdates;
    options.limits.catch_up_read_bytes_max = 1'000;
    options.limits.coding_group_subscribers_min = 2;
    options.limits.coding_group_idle_ms = 60'000;
    options.limits.coding_reset_ms_min = 1;
    options.limits.http2_resets_per_s = 1'000'000;
  });
  return server;
}

constexpr std::array<std::pair<Coding, std::string_view>, 5> kCodings = {{{Coding::kIdentity, "identity"},
                                                                          {Coding::kZstd, "zstd"},
                                                                          {Coding::kBr, "br"},
                                                                          {Coding::kGzip, "gzip"},
                                                                          {Coding::kDeflate, "deflate"}}};

class Subscriber {
 public:
  Subscriber(Http2Peer& peer, http::StreamId id, Coding coding, Progress progress)
      : peer_(peer), id_(id), reader_(Framing::kBare, coding), progress_(progress) {}

  http::StreamId id() const { return id_; }
  const Progress& progress() const { return progress_; }
  // Looks at what has come. Returns whether the stream goes on.
  bool read() {
    auto& stream = peer_.stream(id_);
    FANFARE_CHECK(stream.status == 0 || stream.status == 200);
    FANFARE_CHECK(reader_.feed(std::exchange(stream.body, {})).empty());
    for (const auto& each : reader_.take_events()) progress_.see(each.id, each.data);
    if (stream.has_ended) FANFARE_CHECK(reader_.has_ended());
    return !stream.has_ended;
  }

 private:
  Http2Peer& peer_;
  const http::StreamId id_;
  simulation::StreamReader reader_;
  Progress progress_;
};

class Play {
 public:
  explicit Play(Input input) : input_(input), peer_(served().port(), http::setting(4, input_.byte() * 8u)) {
    served().begin_witness();
    for (int deeds = 0; deeds < 200 && !input_.is_empty(); ++deeds) act();
    FANFARE_CHECK(peer_.sync());
    served().publish("the last one");
    for (const auto& each : subscribers_) {
      if (each == nullptr) continue;
      peer_.send(http::window_update(each->id(), 0x40000000));
      const bool is_complete = peer_.read_until([&] { return !each->read() || each->progress().has_all(); });
      FANFARE_CHECK(is_complete);
    }
    served().ask_witness();
  }

 private:
  void act() {
    const std::uint8_t deed = input_.byte();
    auto& subscriber = subscribers_[deed / 8 % subscribers_.size()];
    switch (deed % 8) {
      case 0:
      case 1:
        return join(subscriber);
      case 2:
        return leave(subscriber);
      case 3:
        if (subscriber != nullptr) peer_.send(http::window_update(subscriber->id(), 1u + input_.byte() * 4u));
        return;
      case 4:
        FANFARE_CHECK(peer_.sync());
        for (const auto& each : subscribers_) {
          if (each != nullptr) each->read();
        }
        return;
      default:
        return publish(1 + deed / 8u % 8, deed % 8 == 7 ? Visibility::kPrivate : Visibility::kPublic);
    }
  }

  void join(std::unique_ptr<Subscriber>& subscriber) {
    if (subscriber != nullptr) return;
    const std::uint8_t how = input_.byte();
    // Most are of one audience: else there is no group.
    const bool is_of_the_many = how % 8 != 0;
    const auto& [coding, name] = kCodings[(is_of_the_many ? coding_of_most_ : how / 8u) % kCodings.size()];
    const bool has_token = how % 8 == 1;
    std::string fields = http::field("accept-encoding", std::string(name) + ", identity;q=0.1");
    if (has_token) fields += http::field("authorization", "Bearer " + served().token());
    std::string query;
    std::optional<std::uint64_t> after;
    if (left_at_ && how / 8 % 2 == 1 && served().newest() - *left_at_ < kLogUpdates / 2) after = left_at_;
    if (after) query = "&lastEventID=" + std::to_string(*after);
    const auto id = std::exchange(next_, next_ + 2);
    const auto sees = has_token ? Visibility::kPrivate : Visibility::kPublic;
    subscriber = std::make_unique<Subscriber>(peer_, id, coding, Progress(served(), sees, served().newest(), after));
    peer_.send(subscribe_frame(id, query, fields));
  }

  void leave(std::unique_ptr<Subscriber>& subscriber) {
    if (subscriber == nullptr) return;
    subscriber->read();
    if (subscriber->progress().last()) left_at_ = subscriber->progress().last();
    peer_.send(http::rst(subscriber->id(), http::Http2Error::kCancel));
    subscriber.reset();
  }

  // Text that repeats what was there before, or does not.
  void publish(std::size_t count, Visibility visibility) {
    const std::uint8_t size = input_.byte();
    std::string text(input_.take(size % 32));
    for (char& c : text) c = static_cast<char>('a' + static_cast<unsigned char>(c) % 26);
    for (int times = size / 32; times > 0; --times) text += text.substr(0, 500) + " and so on";
    for (std::size_t i = 0; i < count; ++i) served().publish(text, visibility);
  }

  Input input_;
  const std::size_t coding_of_most_ = input_.byte();
  Http2Peer peer_;
  http::StreamId next_ = 1;
  std::array<std::unique_ptr<Subscriber>, 8> subscribers_;
  std::optional<std::uint64_t> left_at_;  // how far somebody had come
};

}  // namespace
}  // namespace fanfare::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const fanfare::fuzz::Play play(fanfare::fuzz::Input(data, size));
  return 0;
}
