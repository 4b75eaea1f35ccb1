// A server process under measurement, and what can be seen of it from outside: CPU time of all its threads by
// schedstat, resident memory, metrics. It is killed at the end of its life. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "testing/live/child_process.h"

namespace fanfare::bench {

// Of publishers and subscribers alike.
inline constexpr std::string_view kKey = "the key of a benchmark, 32 bytes or more";

// A token that may publish everything.
std::string publisher_token();

class MeasuredServer {
 public:
  // `program serve` on a free port, with these arguments besides. Returns when it is ready or has ended.
  MeasuredServer(const std::string& program, const std::vector<std::string>& arguments);

  std::uint16_t port() const { return port_; }  // 0: it did not become ready
  std::string log() const { return process_.err(); }
  const live::ChildProcess& process() const { return process_; }

  double cpu_ns() const;
  double resident_bytes() const;
  // The largest since the last call of forget_peak().
  double peak_resident_bytes() const;
  void forget_peak() const;
  // A sample of /metrics without labels; -1 if there is none.
  double metric(std::string_view name) const;

 private:
  std::string proc() const { return "/proc/" + std::to_string(process_.pid()); }

  live::ChildProcess process_;
  std::uint16_t port_ = 0;
};

}  // namespace fanfare::bench
