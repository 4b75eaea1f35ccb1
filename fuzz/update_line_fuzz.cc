// Any bytes may stand in a line of an update. What is read and written as a line again is read as the same, and the
// reader that refuses other members takes no line that the one that ignores them does not.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/history/update_line.h"

namespace {

bool is_same(const fanfare::Update& a, const fanfare::Update& b) {
  return a.topics == b.topics && a.data == b.data && a.id == b.id && a.type == b.type && a.retry_ms == b.retry_ms &&
         a.is_private == b.is_private;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto strict = fanfare::read_update_line(input, fanfare::OtherMembers::kRefused);
  const auto lax = fanfare::read_update_line(input, fanfare::OtherMembers::kIgnored);
  FANFARE_CHECK(!strict || (lax && is_same(*strict, *lax)));
  if (!lax) return 0;
  FANFARE_CHECK(!lax->topics.empty());
  const auto line = fanfare::update_line({.position = 1, .update = *lax, .unix_ms = 0});
  FANFARE_CHECK(line && line->find('\n') == line->size() - 1);
  const auto again = fanfare::read_update_line(*line, fanfare::OtherMembers::kRefused);
  FANFARE_CHECK(again && is_same(*again, *lax));
  return 0;
}
