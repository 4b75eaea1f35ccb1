// The line that each request leaves in the log when its answer has ended. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fanfare {

struct Shared;

struct AccessRecord {
  std::string method = "-";
  std::string path = "-";
  std::uint16_t status = 0;
  std::uint64_t sent_bytes = 0;  // of the body
  std::uint64_t started_us = 0;  // net::steady_us()
};

// peer: the connection's other end. note: what else there is to say, may be empty.
void log_access(Shared& shared, std::string_view peer, const AccessRecord& record, std::string_view note = {});

}  // namespace fanfare
