// The file of `fanfare serve --history-rules`: what the event log keeps of some topics. TOML; docs/cli.md tells its
// form. What it is not: read again while the hub runs.
// Stateless; any thread.
#pragma once

#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"
#include "fanfare/history/topic_rules.h"

namespace fanfare::cli {

// Where the log is that shall keep the rules. The log in memory has no bounds of single topics, and a rule that asks it
// for one is refused.
enum class LogPlace { kDisk, kMemory };

// Topics that no rule names have the bounds of topics in the limits. The limits also bound the rules themselves, and a
// rule that would keep what they give up is refused.
// text: the file's. name: what messages call it: "NAME:LINE:COLUMN: what is wrong".
Result<TopicRulesPtr> parse_history_rules(std::string_view text, const std::string& name, const Limits& limits,
                                          LogPlace place);

}  // namespace fanfare::cli
