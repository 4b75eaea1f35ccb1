#include "fanfare/coding/coding.h"

#include <algorithm>
#include <array>

namespace fanfare {
namespace {

struct Name {
  std::string_view name;
  Coding coding;
};

// The first name of a coding is the one that it is called by.
constexpr std::array kNames = {
    Name{"identity", Coding::kIdentity}, Name{"zstd", Coding::kZstd},       Name{"br", Coding::kBr},
    Name{"gzip", Coding::kGzip},         Name{"deflate", Coding::kDeflate}, Name{"x-gzip", Coding::kGzip},
};

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view coding_name(Coding coding) {
  return std::ranges::find(kNames, coding, &Name::coding)->name;
}

std::optional<Coding> coding_named(std::string_view name) {
  const auto found = std::ranges::find_if(
      kNames, [&](const Name& each) { return std::ranges::equal(each.name, name, {}, {}, lower); });
  if (found == kNames.end()) return std::nullopt;
  return found->coding;
}

}  // namespace fanfare
