// Streams of every coding under thousands of random schedules (testing/coding/splices.h). FANFARE_SCHEDULES sets how
// many; FANFARE_SEED replays one of each coding.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "testing/coding/splices.h"

namespace fanfare::coding_testing {
namespace {

constexpr std::uint64_t kFirstSeed = 1'000;
constexpr std::uint64_t kSchedules = 2'000;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

// A failed FANFARE_CHECK aborts: the seed must be on the screen all the same.
volatile std::sig_atomic_t running_seed = 0;

void tell_the_seed(int) {
  std::fprintf(stderr, "aborted in the schedule of FANFARE_SEED=%lld\n", static_cast<long long>(running_seed));
}

class RandomChoices final : public Choices {
 public:
  explicit RandomChoices(std::uint64_t seed) : random_(seed), steps_(10 + random_() % 60) {}
  std::uint32_t below(std::uint32_t n) override { return static_cast<std::uint32_t>(random_() % n); }
  bool more() override { return steps_-- > 0; }

 private:
  std::mt19937_64 random_;
  std::uint64_t steps_;
};

class Splices : public testing::TestWithParam<Coding> {};

TEST_P(Splices, EveryScheduleDecodesToTheIdentityStream) {
  const bool replay = std::getenv("FANFARE_SEED") != nullptr;
  const std::uint64_t first = from_environment("FANFARE_SEED", kFirstSeed);
  const std::uint64_t count = replay ? 1 : from_environment("FANFARE_SCHEDULES", kSchedules);
  const auto before = std::signal(SIGABRT, tell_the_seed);
  Scratch scratch(GetParam());
  Reached reached;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    running_seed = static_cast<std::sig_atomic_t>(seed);
    RandomChoices choices(seed);
    ASSERT_EQ(run_splices(scratch, choices, reached), "") << "replay with FANFARE_SEED=" << seed;
  }
  std::signal(SIGABRT, before);
  if (count < kSchedules) return;
  EXPECT_GT(reached.joins, count);
  EXPECT_GT(reached.replays, count);
  EXPECT_GT(reached.attachments, count);
  EXPECT_GT(reached.shared_pieces, count);
  EXPECT_GT(reached.interruptions, count / 10);
  EXPECT_GT(reached.resets, count / 10);
  EXPECT_GT(reached.catch_ups, count / 2);
  EXPECT_GT(reached.empty_ends, count / 10);
  const bool primed = GetParam() == Coding::kGzip || GetParam() == Coding::kDeflate;
  EXPECT_EQ(reached.primed_pieces > count / 2, primed);
  EXPECT_EQ(reached.exits_in_frame > count / 10, GetParam() == Coding::kZstd);
}

INSTANTIATE_TEST_SUITE_P(Codings, Splices, testing::Values(Coding::kZstd, Coding::kBr, Coding::kGzip, Coding::kDeflate),
                         [](const auto& each) { return std::string(coding_name(each.param)); });

}  // namespace
}  // namespace fanfare::coding_testing
