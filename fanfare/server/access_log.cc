#include "fanfare/server/access_log.h"

#include "fanfare/net/loop.h"
#include "fanfare/server/connection.h"
#include "fanfare/server/shard.h"

namespace fanfare {

void log_access(const Connection& connection, const AccessRecord& record, std::string_view note) {
  Shared& shared = connection.shard().shared();
  if (!shared.options.access_log) return;
  const bool is_told = record.client != net::IpAddress() && record.client != connection.peer_address();
  const std::string client = is_told ? record.client.text() : connection.peer();
  const std::int64_t duration_ms = static_cast<std::int64_t>((net::steady_us() - record.started_us) / 1000);
  const auto write = [&](auto... more) {
    shared.log.write(LogLevel::kInfo, "request",
                     {{"client", client},
                      {"method", record.method},
                      {"path", record.path},
                      {"status", std::int64_t{record.status}},
                      {"bytes", static_cast<std::int64_t>(record.sent_bytes)},
                      {"duration_ms", duration_ms},
                      more...});
  };
  const LogField peer{"peer", connection.peer()};
  const LogField why{"note", note};
  if (is_told) {
    note.empty() ? write(peer) : write(peer, why);
  } else {
    note.empty() ? write() : write(why);
  }
}

}  // namespace fanfare
