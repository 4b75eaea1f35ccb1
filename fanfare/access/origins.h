// Which web pages of other origins may use the hub: the answer to a request's Origin header (WHATWG Fetch, the CORS
// protocol). An origin that is not listed is never reflected.
// Immutable after parse(); any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare {

enum class Credentials { kOmit, kAllow };

struct CorsAnswer {
  std::string allow_origin;                      // the value of Access-Control-Allow-Origin
  Credentials credentials = Credentials::kOmit;  // kAllow: Access-Control-Allow-Credentials: true
};

class Origins {
 public:
  // Nothing is allowed.
  Origins() = default;

  // Each is "*" or an origin as a browser sends it, https://a.example or http://localhost:3000; upper case becomes
  // lower, and a scheme's own port (443, 80) is dropped. Fails for anything else with what would be right.
  static Result<Origins> parse(std::span<const std::string> allowed);

  // origin: the request's Origin header as it came. A listed one is echoed and may send credentials; any other gets
  // "*" without them if that is in the list, else nothing: then send no CORS header.
  std::optional<CorsAnswer> answer(std::string_view origin) const;

  // Whether it is in the list by itself: "*" stands for no origin here.
  bool lists(std::string_view origin) const;

  bool lists_all() const { return any_; }

  // Whether answer() depends on the origin; then responses carry "Vary: Origin".
  bool vary() const { return !listed_.empty(); }

 private:
  std::vector<std::string> listed_;
  bool any_ = false;
};

}  // namespace fanfare
