// One update as the form that a hub takes (draft-dunglas-mercure-07 section 5). Pure; any thread.
#pragma once

#include <string>

#include "fanfare/history/update.h"

namespace fanfare::cli {

// The request's body: topic (each), id, type, retry, private where set, then data, also when it is empty.
std::string publish_form(const Update& update);

}  // namespace fanfare::cli
