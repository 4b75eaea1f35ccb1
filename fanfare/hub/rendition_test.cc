#include "fanfare/hub/rendition.h"

#include <gtest/gtest.h>

#include <string>

namespace fanfare {
namespace {

TEST(Rendition, ItsChunkStandsAroundItsPayload) {
  Holdings holdings;
  for (const std::size_t size : {1u, 15u, 16u, 255u, 256u, 65'535u, 65'536u, 1'048'576u}) {
    const std::string payload(size, 'x');
    const RenditionRef rendition = RenditionRef::make(holdings, payload);
    char head[16];
    std::snprintf(head, sizeof head, "%zx\r\n", size);
    EXPECT_EQ(rendition->payload(), payload);
    EXPECT_EQ(rendition->framed(), head + payload + "\r\n");
    EXPECT_GE(rendition->memory_bytes(), rendition->framed().size());
  }
}

TEST(Rendition, HoldingsCountEachOnceForAsLongAsAnybodyHoldsIt) {
  Holdings holdings;
  {
    const RenditionRef one = RenditionRef::make(holdings, "one");
    const std::size_t bytes = holdings.bytes;
    EXPECT_EQ(bytes, one->memory_bytes());
    RenditionRef copy = one;
    RenditionRef moved = std::move(copy);
    EXPECT_EQ(moved.get(), one.get());
    EXPECT_EQ(holdings.bytes, bytes);
    RenditionRef other = RenditionRef::make(holdings, "other");
    EXPECT_GT(holdings.bytes, bytes);
    other = one;
    EXPECT_EQ(holdings.bytes, bytes);
    moved.reset();
    other = RenditionRef();
    EXPECT_FALSE(moved || other);
    EXPECT_EQ(holdings.bytes, bytes);
  }
  EXPECT_EQ(holdings.bytes, 0u);
}

}  // namespace
}  // namespace fanfare
