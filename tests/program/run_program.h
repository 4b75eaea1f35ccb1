// The program run to its end, as from a shell, and what it said. For tests; one thread.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/live/child_process.h"
#include "testing/live/http_client.h"

namespace fanfare::live {

using Words = std::vector<std::string>;

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

struct Ran {
  std::optional<int> code;
  std::string out;
  std::string err;
};

inline Ran finish(ChildProcess& child) {
  const auto code = child.wait();
  return {code, child.out(), child.err()};
}

inline Ran run(Words arguments, const Words& environment = {}) {
  arguments.insert(arguments.begin(), kProgram);
  ChildProcess child({.command = std::move(arguments), .environment = environment});
  return finish(child);
}

// Where a server listens first. Waits until it is ready; 0 if it does not become so.
inline std::uint16_t port_of(const ChildProcess& server) {
  constexpr std::string_view kListen = "\"listen\":\"";
  if (!eventually([&] { return has(server.err(), "\"event\":\"ready\""); })) return 0;
  const std::string log = server.err();
  const auto begin = log.find(kListen, log.find("\"event\":\"ready\"")) + kListen.size();
  const std::string address = log.substr(begin, log.find_first_of("\" ", begin) - begin);
  std::uint16_t port = 0;
  const auto colon = address.rfind(':') + 1;
  std::from_chars(address.data() + colon, address.data() + address.size(), port);
  return port;
}

}  // namespace fanfare::live
