#include "fanfare/server/access_log.h"

#include "fanfare/net/loop.h"
#include "fanfare/server/shared.h"

namespace fanfare {

void log_access(Shared& shared, std::string_view peer, const AccessRecord& record, std::string_view note) {
  if (!shared.options.access_log) return;
  const LogField peer_field{"peer", peer};
  const LogField method{"method", record.method};
  const LogField path{"path", record.path};
  const LogField status{"status", std::int64_t{record.status}};
  const LogField bytes{"bytes", static_cast<std::int64_t>(record.sent_bytes)};
  const LogField duration{"duration_ms", static_cast<std::int64_t>((net::steady_us() - record.started_us) / 1000)};
  if (note.empty()) {
    shared.log.write(LogLevel::kInfo, "request", {peer_field, method, path, status, bytes, duration});
  } else {
    shared.log.write(LogLevel::kInfo, "request", {peer_field, method, path, status, bytes, duration, {"note", note}});
  }
}

}  // namespace fanfare
