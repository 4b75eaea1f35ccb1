// The topics of the hub's own updates, which tell of active subscriptions (draft-dunglas-mercure-07 section 8). Nobody
// else publishes there, and each of these updates is private and has that one topic. Pure; any thread.
#pragma once

#include <string_view>

namespace fanfare {

inline constexpr std::string_view kHubTopics = "/.well-known/mercure/";

inline bool is_hub_topic(std::string_view topic) {
  return topic.starts_with(kHubTopics);
}

}  // namespace fanfare
