// The line that each request leaves in the log when its answer has ended. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/net/ip_address.h"

namespace fanfare {

class Connection;

struct AccessRecord {
  std::string method = "-";
  std::string path = "-";
  std::uint16_t status = 0;
  std::uint64_t sent_bytes = 0;  // of the body
  std::uint64_t started_us = 0;  // net::steady_us()
  net::IpAddress client = {};    // Exchange::client(); none: the request was refused before it was known
};

// The client is the connection's other end, or who that tells, and then that is named as well: the peer.
// note: what else there is to say, may be empty.
void log_access(const Connection& connection, const AccessRecord& record, std::string_view note = {});

}  // namespace fanfare
