#include "fanfare/hub/rendition.h"

#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <new>

#include "fanfare/base/check.h"

namespace fanfare {

RenditionRef RenditionRef::make(Holdings& holdings, std::string_view payload) {
  FANFARE_CHECK(!payload.empty() && payload.size() <= std::numeric_limits<std::uint32_t>::max());
  std::array<char, 16> head;
  char* end = std::to_chars(head.data(), head.data() + head.size(), payload.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  const auto head_bytes = static_cast<std::size_t>(end - head.data());

  void* memory = ::operator new(sizeof(Rendition) + head_bytes + payload.size() + Rendition::kTailBytes);
  RenditionRef reference;
  reference.rendition_ = new (memory)
      Rendition(holdings, static_cast<std::uint32_t>(head_bytes), static_cast<std::uint32_t>(payload.size()));
  char* data = static_cast<char*>(memory) + sizeof(Rendition);
  std::memcpy(data, head.data(), head_bytes);
  std::memcpy(data + head_bytes, payload.data(), payload.size());
  std::memcpy(data + head_bytes + payload.size(), "\r\n", Rendition::kTailBytes);
  holdings.bytes += reference->memory_bytes();
  return reference;
}

void RenditionRef::destroy(Rendition* rendition) {
  rendition->holdings_.bytes -= rendition->memory_bytes();
  rendition->~Rendition();
  ::operator delete(rendition);
}

}  // namespace fanfare
