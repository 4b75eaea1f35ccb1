// Any bytes may stand in a line of an update. What is read and written as a line again is read as the same, and the
// reader that refuses other members takes no line that the one that ignores them does not. Another JSON reader finds
// the same texts in what is taken.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/history/update_line.h"

namespace {

bool is_same(const fanfare::Update& a, const fanfare::Update& b) {
  return a.topics == b.topics && a.data == b.data && a.id == b.id && a.type == b.type && a.retry_ms == b.retry_ms &&
         a.is_private == b.is_private;
}

bool is_what_another_reader_finds(const fanfare::Update& update, std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return false;
  const auto topics = json.contains("topic") ? nlohmann::json::array({json["topic"]}) : json["topics"];
  return topics == update.topics && json.value("data", "") == update.data && json.value("id", "") == update.id &&
         json.value("type", "") == update.type && json.value("private", false) == update.is_private;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto strict = fanfare::read_update_line(input, fanfare::OtherMembers::kRefused);
  const auto lax = fanfare::read_update_line(input, fanfare::OtherMembers::kIgnored);
  FANFARE_CHECK(!strict || (lax && is_same(*strict, *lax)));
  if (!lax) return 0;
  FANFARE_CHECK(!lax->topics.empty());
  FANFARE_CHECK(is_what_another_reader_finds(*lax, input));
  const auto line = fanfare::update_line({.position = 1, .update = *lax, .unix_ms = 0});
  FANFARE_CHECK(line && line->find('\n') == line->size() - 1);
  const auto again = fanfare::read_update_line(*line, fanfare::OtherMembers::kRefused);
  FANFARE_CHECK(again && is_same(*again, *lax));
  return 0;
}
