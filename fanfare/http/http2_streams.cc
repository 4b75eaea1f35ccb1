#include "fanfare/http/http2_streams.h"

#include <algorithm>
#include <utility>

namespace fanfare::http {

Http2Stream& Http2Streams::add(StreamId id, std::uint64_t now_ms, std::int64_t window) {
  Http2Stream& stream = streams_.try_emplace(id, id).first->second;
  stream.progress_ms = now_ms;
  stream.window = window;
  return stream;
}

Http2Stream* Http2Streams::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

std::vector<StreamId> Http2Streams::ids() const {
  std::vector<StreamId> ids;
  ids.reserve(streams_.size());
  for (const auto& [id, stream] : streams_) ids.push_back(id);
  std::ranges::sort(ids);
  return ids;
}

void Http2Streams::hold(Http2Stream& stream, std::size_t bytes) {
  stream.received += bytes;
  held_bytes_ += bytes;
}

void Http2Streams::release(Http2Stream& stream) {
  held_bytes_ -= std::exchange(stream.received, 0);
}

bool Http2Streams::may_hold_more(const Http2Stream& stream, const Limits& limits) const {
  if (stream.is_tunnel || held_bytes_ <= limits.request_body_bytes_max) return true;
  return std::ranges::none_of(streams_, [&](const auto& each) {
    const Http2Stream& other = each.second;
    return other.received > 0 && (other.request == Http2Stream::Request::kComplete || other.id < stream.id);
  });
}

std::uint64_t Http2Streams::deadline_ms(std::size_t idle_ms) const {
  std::uint64_t first = 0;
  for (const auto& [id, stream] : streams_) {
    if (!stream.is_awaited()) continue;
    const std::uint64_t deadline = stream.progress_ms + idle_ms;
    if (first == 0 || deadline < first) first = deadline;
  }
  return first;
}

std::size_t Http2Streams::memory_bytes() const {
  constexpr std::size_t kNodeBytes = sizeof(std::pair<const StreamId, Http2Stream>) + 3 * sizeof(void*);
  std::size_t bytes = streams_.size() * kNodeBytes + streams_.bucket_count() * sizeof(void*);
  for (const auto& [id, stream] : streams_)
    if (stream.body.capacity() > std::string().capacity()) bytes += stream.body.capacity() + 1;
  return bytes;
}

}  // namespace fanfare::http
