// What `fanfare serve --check` prints: the configuration that would be in force, as a configuration file, with where
// each value comes from. Secrets are not in it. Pure; any thread.
#pragma once

#include <string>

#include "fanfare/cli/serve_config.h"

namespace fanfare::cli {

// TOML that parse_config_file reads. A secret is a comment, so that nobody takes what stands in its place for a key.
std::string effective_toml(const ServeConfig& config);

}  // namespace fanfare::cli
