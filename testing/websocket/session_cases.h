// For tests: a client's bytes and what comes of them, replayed in all ways to cut them.
// One thread.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/http/http1_recorder.h"
#include "fanfare/websocket/session_recorder.h"
#include "testing/websocket/client.h"

namespace fanfare::websocket {

struct Case {
  std::string bytes;
  std::string events;  // as the recorder writes them
  std::string sent;    // as described() tells it
};

// A line for each frame: "pong PAYLOAD", "ping PAYLOAD", "close CODE".
inline std::string described(std::string_view sent) {
  std::string lines;
  while (const auto frame = websocket_testing::take_server_frame(sent)) {
    EXPECT_EQ(frame->first_byte & 0xf0, websocket_testing::kFin);
    const unsigned opcode = frame->first_byte & 0xf;
    if (opcode == websocket_testing::kPong) lines += "pong " + frame->payload;
    if (opcode == websocket_testing::kPing) lines += "ping " + frame->payload;
    if (opcode == websocket_testing::kClose) {
      lines += "close";
      if (!frame->payload.empty()) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(frame->payload[i]); };
        lines += " " + std::to_string(byte(0) * 256 + byte(1));
      }
    }
    lines += "\n";
  }
  EXPECT_TRUE(sent.empty()) << "not a whole frame";
  return lines;
}

inline void expect_in_pieces(const Case& row, const std::vector<std::string_view>& pieces,
                             const std::optional<DeflateTerms>& deflate, const Limits& limits) {
  SessionBench bench(deflate, limits);
  for (const auto piece : pieces) bench.feed(piece);
  EXPECT_EQ(bench.recorder.events, row.events) << pieces.size() << " pieces";
  EXPECT_EQ(described(bench.send()), row.sent) << pieces.size() << " pieces";
  EXPECT_EQ(bench.session.wants_close(), bench.recorder.is_over);
}

// Whole, byte by byte, and in two at every place; large ones (more than 400 bytes) whole and by bytes only.
inline void expect_cases(std::span<const Case> cases, const std::optional<DeflateTerms>& deflate = std::nullopt,
                         const Limits& limits = {}) {
  std::size_t number = 0;
  for (const Case& row : cases) {
    SCOPED_TRACE("row " + std::to_string(number++) + ": " + row.events.substr(0, 100));
    auto ways = http::cuts(row.bytes);
    if (row.bytes.size() > 400) ways.resize(2);
    for (const auto& pieces : ways) expect_in_pieces(row, pieces, deflate, limits);
  }
}

}  // namespace fanfare::websocket
