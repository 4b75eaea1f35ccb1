// How a set of keys comes over the network: one GET, bounded in bytes and time, and never redirected, since whoever
// serves a redirect would choose whose tokens count.
#pragma once

#include <memory>
#include <string>

#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"

namespace fanfare::jwks {

struct Answer {
  int status = 0;
  std::string body;
  std::string etag;           // empty: there is none
  std::string cache_control;  // the same
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Blocks until the answer is there, at most jwks_fetch_ms_max. etag: that of what is known, or empty. One thread.
  virtual Result<Answer> get(const std::string& url, const std::string& etag) = 0;
  // Any thread: what is under way ends soon, with an error, and so does whatever comes after.
  virtual void cancel() = 0;
};

// Over HTTP and HTTPS, which it checks against the certificates that the system trusts. user_agent: "fanfare/1.0".
std::unique_ptr<Transport> make_curl_transport(std::string user_agent, const Limits& limits);

}  // namespace fanfare::jwks
