// What `fanfare serve` runs with: everything that it is told, by the command line, the environment and files, put
// together and checked. Reading it again, with the same arguments, tells what the files have become meanwhile.
// What it is not: it listens nowhere, opens no event log and fetches no keys.
// Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/cli/environment.h"
#include "fanfare/cli/issuers.h"
#include "fanfare/cli/reference_hub.h"
#include "fanfare/cli/settings.h"
#include "fanfare/cli/tls_files.h"
#include "fanfare/history/topic_rules.h"
#include "fanfare/server/options.h"

namespace fanfare::cli {

// What does not change while the process runs.
struct ServeArguments {
  Layer options;       // of the command line
  std::string config;  // --config; empty: $FANFARE_CONFIG
  Environment environment;
};

struct ServeConfig {
  Layer effective;  // what counts of all that was given, with the defaults; limits that were given
  // What the files said, by the settings that name them (those of an issuer as issuer_setting calls them).
  std::map<std::string, std::string> file_texts;
  // Whose tokens count. Their keys have been read; those under a URL are not yet fetched, so server.access has none.
  std::vector<IssuerOptions> issuers;
  ServerOptions server;
  TopicRulesPtr rules;
  std::vector<Notice> notices;            // of the reference hub's words, without effect here
  std::optional<SelfSigned> self_signed;  // the certificate of server, if nobody else has signed it
  std::vector<std::string> weak_keys;     // what is wrong with keys that are accepted all the same

  bool log_is_in_memory() const { return effective.settings.contains("log"); }
};

// "issuer 'NAME' publisher-key-file"
std::string issuer_setting(std::string_view issuer, std::string_view setting);

// What the server is opened with, or told anew: with the issuers' keys, and the sources of those under a URL.
ServerOptions server_options(const ServeConfig& config, const MakeSource& make_source);

// Fails with the first thing that is wrong.
Result<ServeConfig> read_serve_config(const ServeArguments& arguments);

}  // namespace fanfare::cli
