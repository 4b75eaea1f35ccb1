// The configuration file of `fanfare serve --config`: TOML with the names of the settings (settings.h) as keys, and the
// limits in the table [limits], and issuers of tokens in tables [[issuer]]. docs/configuration.md has an example.
// Stateless; any thread.
#pragma once

#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/cli/settings.h"

namespace fanfare::cli {

// path: what messages call the file; files and directories that it names are relative to its directory.
Result<Layer> parse_config_file(std::string_view text, const std::string& path);

Result<Layer> read_config_file(const std::string& path);

}  // namespace fanfare::cli
