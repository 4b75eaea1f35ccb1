// Where an identity provider publishes its keys: an http or https URL without a user or a fragment. Any thread.
#pragma once

#include <string>

#include "fanfare/base/error.h"

namespace fanfare::jwks {

struct JwksUrl {
  std::string text;
  std::string shown;          // for logs and metrics: without the query, which may be secret
  bool is_protected = false;  // nobody on the way can put other keys in: https, or this machine (loopback)

  static Result<JwksUrl> parse(const std::string& text);
};

}  // namespace fanfare::jwks
