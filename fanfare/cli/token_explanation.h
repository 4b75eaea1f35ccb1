// What a token says and what a hub would answer to it, in words (`fanfare token --explain`).
// Pure: the time is an argument. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fanfare/access/key_set.h"

namespace fanfare::cli {

// What a hub answers to the token in one of its roles: nothing, or why it refuses it.
using Refusal = std::optional<std::string>;
struct HubAnswers {
  std::string hub;  // what the text calls it
  Refusal publishing;
  Refusal subscribing;
};

// Keys to check the token with, and what they are called in the text.
struct NamedKeys {
  std::string name;
  KeySet keys;
};

enum class Verdict { kAccepted, kRefused };

struct Explanation {
  std::string text;  // lines for people; what the token says in them is made safe to show
  Verdict verdict;   // kAccepted: with some of the keys, or, where there are none, as far as can be told without
};

// now_s: Unix time. Without keys no signature is checked, and the text says so.
Explanation explain_token(std::string_view token, std::span<const NamedKeys> keys, std::int64_t now_s);

// With what a hub answers to it. kAccepted: in some role.
Explanation explain_answers(std::string_view token, const HubAnswers& answers, std::int64_t now_s);

}  // namespace fanfare::cli
