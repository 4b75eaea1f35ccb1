// The far end of a subscriber's connection: takes bytes as they come and gives the events that they are, or says why
// they are no legal stream. Stricter than a browser: every chunk must hold whole events or comments, decoded at once,
// and none may be empty. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/event_stream/parser.h"
#include "fanfare/hub/subscription.h"
#include "testing/coding/decoder.h"

namespace fanfare::simulation {

struct ReceivedEvent {
  std::string type;
  std::string data;
  std::string id;
};

class StreamReader final : private event_stream::ParserVisitor {
 public:
  StreamReader(Framing framing, Coding coding);

  // Empty, or what is wrong with the bytes.
  std::string feed(std::string_view bytes);
  // The events since the last call.
  std::vector<ReceivedEvent> take_events() { return std::exchange(events_, {}); }
  std::size_t comments() const { return comments_; }
  // The last retry field, 0 before the first.
  std::uint64_t retry_ms() const { return retry_ms_; }
  // Whether the stream may end here: no chunk and no event is begun.
  bool at_boundary() const { return !in_event_ && line_.empty() && (framing_ == Framing::kBare || state_ == kHead); }
  // … and what the content coding ends with has come.
  bool has_ended() const { return at_boundary() && (decoder_ == nullptr || decoder_->ended()); }

 private:
  enum ChunkState { kHead, kPayload, kTail };

  void on_event(const event_stream::Event& event) override;
  void on_comment(std::string_view) override { ++comments_; }
  void on_retry(std::uint64_t milliseconds) override { retry_ms_ = milliseconds; }
  std::string feed_payload(std::string_view bytes);
  std::string feed_plain(std::string_view bytes);
  std::string end_head();
  std::string end_tail();

  const Framing framing_;
  const std::unique_ptr<coding_testing::Decoder> decoder_;  // null for identity
  event_stream::Parser parser_;
  std::vector<ReceivedEvent> events_;
  std::size_t comments_ = 0;
  std::uint64_t retry_ms_ = 0;

  ChunkState state_ = kHead;
  std::string around_;  // what has come of a chunk's head or tail
  std::size_t payload_left_ = 0;
  std::string line_;  // of the payload, begun
  bool in_event_ = false;
};

}  // namespace fanfare::simulation
