#include "fanfare/base/sip_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace fanfare {
namespace {

// The key and the inputs of the paper's appendix and of the reference implementation: 00 01 02 ….
constexpr SipKey kKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::uint64_t hash_of_first(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i));
  return sip_hash(kKey, bytes);
}

TEST(SipHash, AgreesWithItsVectors) {
  EXPECT_EQ(hash_of_first(0), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(hash_of_first(1), 0x74f839c593dc67fdu);
  EXPECT_EQ(hash_of_first(7), 0xab0200f58b01d137u);
  EXPECT_EQ(hash_of_first(8), 0x93f5f5799a932462u);
  EXPECT_EQ(hash_of_first(15), 0xa129ca6149be45e5u);
}

TEST(SipHash, RandomKeysDiffer) {
  EXPECT_NE(random_sip_key(), random_sip_key());
}

}  // namespace
}  // namespace fanfare
