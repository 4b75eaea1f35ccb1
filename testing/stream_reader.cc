#include "testing/stream_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace fanfare::simulation {

StreamReader::StreamReader(Framing framing, Coding coding)
    : framing_(framing),
      decoder_(coding == Coding::kIdentity ? nullptr : coding_testing::make_decoder(coding)),
      parser_(*this) {}

void StreamReader::on_event(const event_stream::Event& event) {
  events_.push_back({std::string(event.type), std::string(event.data), std::string(event.last_event_id)});
}

std::string StreamReader::feed(std::string_view bytes) {
  if (framing_ == Framing::kBare) return feed_payload(bytes);
  std::string fault;
  while (!bytes.empty() && fault.empty()) {
    if (state_ == kPayload) {
      const std::size_t count = std::min(payload_left_, bytes.size());
      fault = feed_payload(bytes.substr(0, count));
      bytes.remove_prefix(count);
      payload_left_ -= count;
      if (payload_left_ == 0) state_ = kTail;
      continue;
    }
    around_.push_back(bytes.front());
    bytes.remove_prefix(1);
    if (around_.ends_with('\n')) fault = state_ == kHead ? end_head() : end_tail();
  }
  return fault;
}

std::string StreamReader::end_head() {
  const std::string head = std::exchange(around_, {});
  const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), payload_left_, 16);
  if (error != std::errc() || std::string_view(end) != "\r\n") return "a chunk head is '" + head + "'";
  if (payload_left_ == 0) return "an empty chunk would end the response";
  state_ = kPayload;
  return {};
}

std::string StreamReader::end_tail() {
  const std::string tail = std::exchange(around_, {});
  if (tail != "\r\n") return "a chunk tail is '" + tail + "'";
  state_ = kHead;
  return at_boundary() ? "" : "a chunk ends within an event";
}

std::string StreamReader::feed_payload(std::string_view bytes) {
  if (!decoder_) return feed_plain(bytes);
  std::string plain;
  if (!decoder_->feed(bytes, plain)) return "the content coding is broken";
  return feed_plain(plain);
}

std::string StreamReader::feed_plain(std::string_view bytes) {
  for (const char c : bytes) {
    if (c != '\n') {
      line_.push_back(c);
      continue;
    }
    if (!line_.starts_with(':')) in_event_ = !line_.empty();
    line_.clear();
  }
  const auto fed = parser_.feed(bytes);
  return fed ? "" : fed.error().message;
}

}  // namespace fanfare::simulation
