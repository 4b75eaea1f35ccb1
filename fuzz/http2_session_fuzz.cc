// The input is a list of deeds: frames that a client sends, well formed or not, bytes that are no frames, and what the
// server does with its streams meanwhile. However the client's bytes are cut, the visitor sees the same events in a
// legal order (the recorder asserts it), every stream gets one end, and the client gets the same bytes, which are whole
// frames in a legal order.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/http/http2_recorder.h"

namespace {

using namespace fanfare::http;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}
  bool is_empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  std::string_view take(std::size_t size) {
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  StreamId stream() { return (byte() % 8) * 2 + 1; }
  std::uint32_t number() {
    static constexpr std::uint32_t kNumbers[] = {0, 1, 2, 50, 16'384, 65'535, 0x7fffffff, 0xffffffff};
    return kNumbers[byte() % std::size(kNumbers)];
  }

 private:
  std::string_view bytes_;
};

class Play {
 public:
  // seed 0: bytes are not cut.
  Play(Input input, std::uint8_t seed)
      : input_(input),
        seed_(seed),
        answer_(static_cast<Http2Answer>(input_.byte() % 5)),
        connect_(static_cast<ExtendedConnect>(input_.byte() % 2)),
        bench_(answer_, limits(), 100, connect_) {
    feed(preface());
    for (int deeds = 0; deeds < 300 && !input_.is_empty(); ++deeds) act();
    bench_.send();
    frames_are_legal();
    bench_.session.receive_end();
    for (const auto& [id, seen] : bench_.recorder.streams) FANFARE_CHECK(!seen.is_open);
    FANFARE_CHECK(bench_.session.memory_bytes() < 4'000'000);
  }

  // What the visitor holds of a request whose rest is not wanted depends on the pieces in which it comes, and so do the
  // increments of windows; and all that follows, if it answers the first piece.
  bool operator==(const Play& other) const {
    if (answer_ == Http2Answer::kOnBody) return true;
    const auto same = [](const auto& a, const auto& b) {
      const auto& mine = a.second;
      const auto& others = b.second;
      return a.first == b.first && mine.events == others.events && (!mine.is_ended || mine.body == others.body);
    };
    return summary_of(bench_.sent) == summary_of(other.bench_.sent) &&
           std::ranges::equal(bench_.recorder.streams, other.bench_.recorder.streams, same);
  }

 private:
  fanfare::Limits limits() {
    fanfare::Limits limits;
    const std::uint8_t bits = input_.byte();
    if ((bits & 1) != 0) limits.http2_streams_max = 2;
    if ((bits & 2) != 0) limits.request_head_bytes_max = 150;
    if ((bits & 4) != 0) limits.http2_control_frames_per_s = 2;
    if ((bits & 8) != 0) limits.http2_resets_per_s = 1;
    if ((bits & 16) != 0) limits.request_body_bytes_max = 10;
    return limits;
  }

  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      std::size_t piece = bytes.size();
      if (seed_ != 0) {
        seed_ = static_cast<std::uint8_t>(seed_ * 5 + 1) | 1;
        piece = std::min<std::size_t>(piece, 1 + (seed_ >> 4));
      }
      bench_.feed(bytes.substr(0, piece));
      bytes.remove_prefix(piece);
    }
  }

  std::string block() {
    static constexpr std::string_view kMethods[] = {"GET", "POST", "HEAD", "CONNECT", "OPTIONS", "GET /"};
    std::string fields = pseudo(kMethods[input_.byte() % std::size(kMethods)], "/?topic=a");
    const std::uint8_t bits = input_.byte();
    if ((bits & 1) != 0) fields += field("content-length", std::to_string(input_.byte()));
    if ((bits & 2) != 0) fields += field("expect", "100-continue");
    if ((bits & 4) != 0) fields += field("cookie", input_.take(5));
    if ((bits & 8) != 0) fields = field(":protocol", "websocket") + fields;
    if ((bits & 16) != 0) fields += field(input_.take(3), input_.take(3));
    if ((bits & 32) != 0) fields += field("x", std::string(100, 'y'));
    if ((bits & 64) != 0) fields += input_.take(8);
    return fields;
  }

  void act() {
    const std::uint8_t deed = input_.byte() % 18;
    if (deed < 9) {
      send_frame(deed);
    } else if (deed == 9) {
      feed(input_.take(input_.byte() % 32));
    } else {
      serve(deed);
    }
  }

  void send_frame(std::uint8_t deed) {
    const StreamId id = deed < 2 ? next_ : input_.stream();
    if (deed < 2) next_ += 2;
    const std::uint8_t flags = input_.byte();
    if (deed == 0) feed(frame(kHeadersFrame, kEnds, id, block()));
    if (deed == 1) feed(frame(kHeadersFrame, kEndHeaders, id, block()));
    if (deed == 2) feed(frame(kDataFrame, flags & kEndStream, id, std::string(input_.byte(), 'd')));
    if (deed == 3) feed(frame(input_.byte() % 12, flags, flags % 3 == 0 ? 0 : id, input_.take(input_.byte() % 32)));
    if (deed == 4) feed(rst(id, Http2Error::kCancel));
    if (deed == 5) feed(window_update(flags % 2 == 0 ? 0 : id, input_.number()));
    if (deed == 6) feed(frame(kSettingsFrame, flags & kAck, 0, setting(flags % 10, input_.number())));
    if (deed == 7) feed(frame(kHeadersFrame, flags & kEnds, id, block()));
    if (deed == 8) feed(frame(kContinuationFrame, flags & kEndHeaders, id, input_.take(input_.byte() % 32)));
  }

  void serve(std::uint8_t deed) {
    Http2Session& session = bench_.session;
    const StreamId id = input_.stream();
    const std::size_t size = input_.byte();
    auto& recorder = bench_.recorder;
    const bool is_open = recorder.is_open(id);
    const bool is_unanswered = is_open && !recorder.open(id).is_answered;
    const bool is_stream = is_open && recorder.open(id).is_stream;
    if (deed == 10 && is_unanswered) recorder.answer(id, std::string(size * 100, 'a'));
    if (deed == 11 && is_unanswered && recorder.open(id).head.method != "HEAD") recorder.begin_stream(id);
    if (deed == 12 && is_stream) recorder.push(id, std::string(size * 100, 'p'));
    if (deed == 13 && is_stream) {
      recorder.open(id).ends_after = true;
      recorder.push(id, std::string(size, 'l'));
    }
    if (deed == 14 && is_stream) session.end_stream(id);
    if (deed == 15 && is_open) recorder.reset(id, Http2Error::kInternalError);
    if (deed == 16) session.compose(bench_, size * 10, bench_.now_ms);
    if (deed == 17) {
      bench_.now_ms += size * 100;
      session.timeout(bench_.now_ms);
      if (size == 7) session.drain();
      if (size == 9) session.receive_end();
    }
  }

  // Of each stream: heads, then data, then nothing after the end but RST_STREAM, once; nothing at all after an error's
  // GOAWAY.
  void frames_are_legal() const {
    enum class Stage : std::uint8_t { kNone, kHead, kEnded, kReset };
    std::map<StreamId, Stage> stages;
    bool is_over = false;
    std::string_view sent = bench_.sent;
    for (const Frame& each : frames_of(sent)) {
      FANFARE_CHECK(!is_over);
      if (each.type == kGoawayFrame) is_over = number_at(each.payload, 4, 4) != 0;
      if (each.stream == 0) continue;
      Stage& stage = stages[each.stream];
      if (each.type == kHeadersFrame) FANFARE_CHECK(stage == Stage::kNone || stage == Stage::kHead);
      if (each.type == kDataFrame) FANFARE_CHECK(stage == Stage::kHead);
      if (each.type == kRstStreamFrame) FANFARE_CHECK(stage != Stage::kReset);
      if (each.type == kHeadersFrame) stage = Stage::kHead;
      if ((each.type == kHeadersFrame || each.type == kDataFrame) && (each.flags & kEndStream) != 0)
        stage = Stage::kEnded;
      if (each.type == kRstStreamFrame) stage = Stage::kReset;
    }
  }

  Input input_;
  std::uint8_t seed_;
  const Http2Answer answer_;
  const ExtendedConnect connect_;
  Http2Bench bench_;
  StreamId next_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const Play whole(Input(data + 1, size - 1), 0);
  const Play cut(Input(data + 1, size - 1), data[0] | 1);
  FANFARE_CHECK(whole == cut);
  return 0;
}
