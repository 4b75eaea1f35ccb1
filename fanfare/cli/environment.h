// The environment of the process, as a value, and what Fanfare's own variables in it give: FANFARE_ and the name of a
// setting. What it is not: it knows no variable of the reference hub; reference_hub.h does.
// Values; read_environment before other threads start.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"
#include "fanfare/cli/settings.h"

namespace fanfare::cli {

// By name. A variable that is empty counts as one that is not there: so compose files leave out what is not wanted.
using Environment = std::map<std::string, std::string, std::less<>>;

inline constexpr std::string_view kConfigVariable = "FANFARE_CONFIG";

Environment read_environment();

// Empty if it is not there.
std::string value_in(const Environment& environment, std::string_view name);

// Lists are words with spaces between them. Fails for a FANFARE_… that is no setting: a mistyped one would change
// nothing, without a word. Variables of other commands are known, and so are those that Kubernetes and Docker make up
// for a service that is called fanfare.
Result<Layer> read_variables(const Environment& environment);

// The words of a list.
std::vector<std::string> split_words(std::string_view text, std::string_view separators = " \t\r\n");

}  // namespace fanfare::cli
