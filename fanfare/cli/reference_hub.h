// What the environment says in the reference hub's words, so that what ran that hub (a compose file, say) runs Fanfare:
// MERCURE_PUBLISHER_JWT_KEY and …_ALG, MERCURE_SUBSCRIBER_JWT_KEY and …_ALG, SERVER_NAME, and the directives in
// MERCURE_EXTRA_DIRECTIVES. What has a counterpart becomes settings, what has none a notice, and what would change who
// may do what, without a counterpart, an error.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/cli/environment.h"
#include "fanfare/cli/settings.h"

namespace fanfare::cli {

// What has no effect here, and why.
struct Notice {
  std::string name;  // "MERCURE_EXTRA_DIRECTIVES line 2: write_timeout"
  std::string advice;
};

struct ReferenceHub {
  Layer directives;  // as there, above the variables
  Layer variables;
  std::vector<Notice> notices;
};

// Whether SERVER_NAME, which other programs know as well, is to say where to listen.
enum class ServerName { kRead, kIgnore };

Result<ReferenceHub> read_reference_hub(const Environment& environment, ServerName server_name);

}  // namespace fanfare::cli
