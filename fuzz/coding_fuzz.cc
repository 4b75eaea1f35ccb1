// An audience's spliced streams (testing/coding/splices.h) as the input says: joining, waiting, attaching, lagging,
// losing units, coming back and leaving, in one coding that the first byte chooses. The real decoders must have
// everything at once, and every stream must end complete. Then the same bytes as Accept-Encoding.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/coding/negotiation.h"
#include "testing/coding/splices.h"

namespace fanfare::coding_testing {
namespace {

constexpr std::size_t kStepsMax = 200;

class InputChoices final : public Choices {
 public:
  explicit InputChoices(std::string_view input) : input_(input) {}
  std::uint32_t below(std::uint32_t n) override {
    std::uint32_t value = next();
    if (n > 256) value = value << 8 | next();
    return value % n;
  }
  bool more() override { return !input_.empty() && ++steps_ < kStepsMax; }

 private:
  std::uint8_t next() {
    if (input_.empty()) return 0;
    const char c = input_.front();
    input_.remove_prefix(1);
    return static_cast<std::uint8_t>(c);
  }

  std::string_view input_;
  std::size_t steps_ = 0;
};

void splice(Coding coding, std::string_view input) {
  // The scratch states are as old as the process: what they did before must not matter.
  static Scratch scratches[] = {Scratch(Coding::kZstd), Scratch(Coding::kBr), Scratch(Coding::kGzip),
                                Scratch(Coding::kDeflate)};
  for (auto& scratch : scratches) {
    if (scratch.coding != coding) continue;
    InputChoices choices(input);
    Reached reached;
    const std::string broken = run_splices(scratch, choices, reached);
    if (!broken.empty()) std::fprintf(stderr, "%s\n", broken.c_str());
    FANFARE_CHECK(broken.empty());
  }
}

void negotiate(std::string_view field) {
  const auto chosen = choose_coding(field, kDefaultOffer);
  // Who accepts something of an offer accepts it alone as well.
  if (chosen) FANFARE_CHECK(choose_coding(field, std::span(&*chosen, 1)) == chosen);
  for (const Coding coding : kDefaultOffer)
    if (choose_coding(field, std::span(&coding, 1))) FANFARE_CHECK(chosen);
}

}  // namespace
}  // namespace fanfare::coding_testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  fanfare::coding_testing::splice(static_cast<fanfare::Coding>(1 + data[0] % 4), input);
  fanfare::coding_testing::negotiate(input);
  return 0;
}
