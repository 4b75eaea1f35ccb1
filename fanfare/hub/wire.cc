#include "fanfare/hub/wire.h"

#include "fanfare/base/json_string.h"
#include "fanfare/event_stream/writer.h"
#include "fanfare/websocket/prepared_message.h"

namespace fanfare {
namespace {

using namespace std::string_view_literals;

constexpr auto kPingFrame = "\x89\x00"sv;  // RFC 6455 section 5.5.2

}  // namespace

void append_json(const Update& update, std::string& out) {
  out.append(R"({"id":)");
  append_json_string(out, update.id);
  out.append(R"(,"type":)");
  append_json_string(out, update.type.empty() ? "message" : update.type);
  out.append(R"(,"topics":[)");
  for (const auto& topic : update.topics) {
    if (&topic != update.topics.data()) out.push_back(',');
    append_json_string(out, topic);
  }
  out.append(R"(],"data":)");
  append_json_string(out, update.data);
  out.push_back('}');
}

WireWriter::WireWriter() = default;

WireWriter::~WireWriter() = default;

void WireWriter::append(Wire wire, const Update& update, std::string& out) {
  if (wire == Wire::kEventStream) {
    event_stream::append_event(
        out, {.type = update.type, .retry_ms = update.retry_ms, .id = update.id, .data = update.data});
    return;
  }
  json_.clear();
  append_json(update, json_);
  switch (wire) {
    case Wire::kWebSocket:
      websocket::append_text_message(json_, out);
      break;
    case Wire::kCompressedWebSocket:
      if (!encoder_) encoder_ = std::make_unique<websocket::CompressedMessageEncoder>();
      encoder_->encode(json_, out);
      break;
    case Wire::kJsonList:
      out.append(json_).push_back(',');
      break;
    case Wire::kEventStream:
      break;
  }
}

std::string_view heartbeat_of(Wire wire) {
  switch (wire) {
    case Wire::kEventStream:
      return event_stream::kComment;
    case Wire::kWebSocket:
    case Wire::kCompressedWebSocket:
      return kPingFrame;
    case Wire::kJsonList:
      break;
  }
  return {};
}

}  // namespace fanfare
