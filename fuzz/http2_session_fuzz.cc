// The input is a list of deeds: frames that a client sends, well formed or not, bytes that are no frames, and what the
// server does with its streams meanwhile. However the client's bytes are cut, the visitor sees the same events in a
// legal order (the recorder asserts it), every stream gets one end, and the client gets the same bytes, which are whole
// frames in a legal order.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/http/http2_recorder.h"
#include "fuzz/http2_deeds.h"
#include "fuzz/input.h"

namespace {

using namespace fanfare::http;
using namespace fanfare::fuzz;

class Play {
 public:
  // seed 0: bytes are not cut.
  Play(Input input, std::uint8_t seed)
      : input_(input),
        cut_(seed),
        answer_(static_cast<Http2Answer>(input_.byte() % 5)),
        connect_(static_cast<ExtendedConnect>(input_.byte() % 2)),
        bench_(answer_, limits(), 100, connect_) {
    bench_.feed(preface());
    for (int deeds = 0; deeds < 300 && !input_.is_empty(); ++deeds) act();
    bench_.send();
    Http2Order order;
    for (const Frame& each : frames_of(bench_.sent)) order.see(each);
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

  void act() {
    const std::uint8_t deed = input_.byte() % (Http2Deeds::kKinds + 8);
    if (deed < Http2Deeds::kKinds) {
      cut_.pieces(client_.bytes(deed), [&](std::string_view piece) { bench_.feed(piece); });
    } else {
      serve(deed - Http2Deeds::kKinds);
    }
  }

  void serve(std::uint8_t deed) {
    Http2Session& session = bench_.session;
    const StreamId id = client_.stream();
    const std::size_t size = input_.byte();
    auto& recorder = bench_.recorder;
    const bool is_open = recorder.is_open(id);
    const bool is_unanswered = is_open && !recorder.open(id).is_answered;
    const bool is_stream = is_open && recorder.open(id).is_stream;
    if (deed == 0 && is_unanswered) recorder.answer(id, std::string(size * 100, 'a'));
    if (deed == 1 && is_unanswered && recorder.open(id).head.method != "HEAD") recorder.begin_stream(id);
    if (deed == 2 && is_stream) recorder.push(id, std::string(size * 100, 'p'));
    if (deed == 3 && is_stream) {
      recorder.open(id).ends_after = true;
      recorder.push(id, std::string(size, 'l'));
    }
    if (deed == 4 && is_stream) session.end_stream(id);
    if (deed == 5 && is_open) recorder.reset(id, Http2Error::kInternalError);
    if (deed == 6) session.compose(bench_, size * 10, bench_.now_ms);
    if (deed == 7) {
      bench_.now_ms += size * 100;
      session.timeout(bench_.now_ms);
      if (size == 7) session.drain();
      if (size == 9) session.receive_end();
    }
  }

  Input input_;
  Cut cut_;
  Http2Deeds client_{input_};
  const Http2Answer answer_;
  const ExtendedConnect connect_;
  Http2Bench bench_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const Play whole(Input(data + 1, size - 1), 0);
  const Play cut(Input(data + 1, size - 1), data[0] | 1);
  FANFARE_CHECK(whole == cut);
  return 0;
}
