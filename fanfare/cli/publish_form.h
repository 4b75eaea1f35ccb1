// One update as the form that a hub takes (draft-dunglas-mercure-07 section 5). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fanfare::cli {

enum class Privacy { kPublic, kPrivate };

// What every update of one `fanfare publish` has in common.
struct UpdateFields {
  std::vector<std::string> topics;  // the first is the canonical one
  std::string id;                   // empty: the hub chooses
  std::string type;                 // empty: "message"
  std::optional<std::uint64_t> retry_ms;
  Privacy privacy = Privacy::kPublic;
};

// The request's body: topic (each), id, type, retry, private where set, then data, also when it is empty.
std::string publish_form(const UpdateFields& fields, std::string_view data);

}  // namespace fanfare::cli
