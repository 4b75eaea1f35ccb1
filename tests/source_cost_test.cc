// What an event costs on its way through a session: no copy and no allocation.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "fanfare/client/source_session.h"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace fanfare::client {
namespace {

class Spot final : public SourceVisitor {
 public:
  void on_event(const event_stream::Event& event) override {
    ++events;
    data = event.data.data();
  }
  std::size_t events = 0;
  const char* data = nullptr;
};

void open(SourceSession& session) {
  session.begin_request(0);
  const HeaderField type = {"Content-Type", "text/event-stream"};
  session.receive_head(
      {.status = 200, .fields = {&type, 1}, .origin = "https://example.com:8443", .unix_ms = 0, .body_start = {}}, 0);
}

TEST(SourceCost, AnEventIsNeitherCopiedNorAllocatedFor) {
  std::string piece;
  for (int i = 0; i < 100; ++i) piece += "id: 0123456789012345678901234567890123456789\ndata: x\n\n";
  Spot spot;
  SourceSession session(spot, {});
  open(session);
  session.receive(piece, 0);
  const std::size_t before = allocations;
  session.receive(piece, 1);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(spot.events, 200u);
  EXPECT_EQ(spot.data, piece.data() + piece.size() - 3);
}

TEST(SourceCost, NothingIsAllocatedForASourceThatWaitsOrIsIdle) {
  Spot spot;
  SourceSession session(spot, {});
  open(session);
  session.receive(":\n", 0);
  const std::size_t before = allocations;
  for (std::uint64_t now = 1; now < 1'000; ++now) {
    session.receive(":\n", now);
    session.tick(now);
  }
  EXPECT_EQ(allocations, before);
}

TEST(SourceCost, MemoryOfAPauseIsGivenBack) {
  Spot spot;
  SourceSession session(spot, {});
  open(session);
  std::string large = "data: x\n\n:" + std::string(1'000'000, '.') + "\n";
  session.pause();
  session.receive(large, 0);
  session.resume(1);
  EXPECT_EQ(spot.events, 1u);
  session.pause();
  const std::size_t before = allocations;
  session.receive(std::string_view(large).substr(0, 100'000), 2);
  EXPECT_EQ(allocations, before + 1) << "the megabyte has not been kept";
}

}  // namespace
}  // namespace fanfare::client
