#include "fanfare/coding/negotiation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fanfare {
namespace {

constexpr auto kNone = std::nullopt;

TEST(CodingName, EachIsFoundByItsNameInAnyCase) {
  for (const Coding coding : kDefaultOffer) EXPECT_EQ(coding_named(coding_name(coding)), coding);
  EXPECT_EQ(coding_name(Coding::kGzip), "gzip");
  EXPECT_EQ(coding_name(Coding::kBr), "br");
  EXPECT_EQ(coding_named("GZip"), Coding::kGzip);
  EXPECT_EQ(coding_named("X-GZIP"), Coding::kGzip);
  EXPECT_EQ(coding_named("ZSTD"), Coding::kZstd);
  for (const char* name : {"", "gzi", "gzipp", "x-deflate", "compress", "*", "brotli", "gzip "})
    EXPECT_EQ(coding_named(name), kNone) << name;
}

struct Case {
  const char* accept_encoding;
  std::optional<Coding> chosen;
};

constexpr Case kCases[] = {
    // What browsers and tools send.
    {"gzip, deflate, br, zstd", Coding::kZstd},
    {"gzip, deflate, br", Coding::kBr},
    {"gzip, deflate", Coding::kGzip},
    {"deflate, gzip", Coding::kGzip},
    {"deflate", Coding::kDeflate},
    {"gzip;q=1.0, deflate;q=0.6, identity;q=0.3", Coding::kGzip},
    {"identity", Coding::kIdentity},
    {"*", Coding::kZstd},
    // No coding at all.
    {"", Coding::kIdentity},
    {" ", Coding::kIdentity},
    {",", Coding::kIdentity},
    {"compress, bzip2", Coding::kIdentity},
    // Weights before the server's preference, which decides between equals.
    {"zstd;q=0.1, gzip;q=0.2", Coding::kGzip},
    {"br;q=0.999, gzip;q=1", Coding::kGzip},
    {"br;q=0.5, zstd;q=0.50, gzip;q=0.500", Coding::kZstd},
    {"gzip;q=0.001", Coding::kGzip},
    {"gzip;q=1.000, br;q=1.", Coding::kBr},
    {"gzip;q=0.2, identity;q=0.8", Coding::kIdentity},
    {"gzip;q=0.2, identity;q=0.1", Coding::kGzip},
    {"gzip;q=0.5, identity;q=0.5", Coding::kGzip},
    {"zstd;q=0, br", Coding::kBr},
    {"gzip;q=0", Coding::kIdentity},
    {"gzip;q=0.0, br;q=0.00, zstd;q=0.000, deflate;q=0.", Coding::kIdentity},
    // `*` is all that is not named, identity too.
    {"gzip, *;q=0", Coding::kGzip},
    {"*;q=0", kNone},
    {"compress, *;q=0", kNone},
    {"*;q=0, identity", Coding::kIdentity},
    {"*;q=0, identity;q=0.1", Coding::kIdentity},
    {"zstd;q=0, *", Coding::kBr},
    {"gzip;q=0.5, *;q=0.4", Coding::kGzip},
    {"gzip;q=0.4, *;q=0.5", Coding::kZstd},
    {"*;q=0.5, zstd;q=0.1, br;q=0.1, gzip;q=0.1, deflate;q=0.1", Coding::kIdentity},
    {"identity;q=0", kNone},
    {"identity;q=0, gzip;q=0.1", Coding::kGzip},
    {"identity;q=0, gzip;q=0, *", Coding::kZstd},
    {"identity;q=0, compress", kNone},
    // Of a coding that is named twice, the first counts.
    {"gzip;q=0, gzip", Coding::kIdentity},
    {"gzip, x-gzip;q=0", Coding::kGzip},
    {"*;q=0, *, gzip", Coding::kGzip},
    // Spaces, tabs and case.
    {" GZIP ;\tQ=0.5 ,\tDeflate ; q=0.7", Coding::kDeflate},
    {"gzip\t,,\t,deflate;q=0.1", Coding::kGzip},
    {"BR", Coding::kBr},
    {"x-gzip", Coding::kGzip},
    // Members that are none are passed over.
    {"gzip;q=2", Coding::kIdentity},
    {"gzip;q=1.001", Coding::kIdentity},
    {"gzip;q=0.1234", Coding::kIdentity},
    {"gzip;q=-1, deflate", Coding::kDeflate},
    {"gzip;q=.5", Coding::kIdentity},
    {"gzip;q=00.5", Coding::kIdentity},
    {"gzip;q=0,5", Coding::kIdentity},
    {"gzip;q=", Coding::kIdentity},
    {"gzip;q", Coding::kIdentity},
    {"gzip;", Coding::kIdentity},
    {"gzip;q=0.5;level=1", Coding::kIdentity},
    {"gzip;level=1", Coding::kIdentity},
    {"gzip;q =1", Coding::kIdentity},
    {"gzip;q= 1", Coding::kIdentity},
    {"gzip;q=1e0", Coding::kIdentity},
    {"gzip;q=0.5x", Coding::kIdentity},
    {"gzip deflate", Coding::kIdentity},
    {"\"gzip\"", Coding::kIdentity},
    {";q=1", Coding::kIdentity},
    {"*;q=x", Coding::kIdentity},
    {"identity;q=x", Coding::kIdentity},
    {"gzip;q=x, gzip;q=0.1", Coding::kGzip},
};

TEST(Negotiation, TheClientsWeightsThenTheServersPreferenceDecide) {
  for (const auto& each : kCases)
    EXPECT_EQ(choose_coding(each.accept_encoding, kDefaultOffer), each.chosen) << '"' << each.accept_encoding << '"';
}

TEST(Negotiation, WithoutTheFieldNothingIsCoded) {
  EXPECT_EQ(choose_coding(kNone, kDefaultOffer), Coding::kIdentity);
  EXPECT_EQ(choose_coding(kNone, std::vector{Coding::kGzip, Coding::kBr}), Coding::kGzip);
  EXPECT_EQ(choose_coding(kNone, {}), kNone);
}

TEST(Negotiation, OnlyWhatIsOfferedIsChosen) {
  const std::vector only_gzip = {Coding::kGzip, Coding::kIdentity};
  EXPECT_EQ(choose_coding("zstd, br, gzip;q=0.1", only_gzip), Coding::kGzip);
  EXPECT_EQ(choose_coding("zstd, br", only_gzip), Coding::kIdentity);
  EXPECT_EQ(choose_coding("zstd, identity;q=0", only_gzip), kNone);
  EXPECT_EQ(choose_coding("gzip", std::vector{Coding::kIdentity, Coding::kGzip}), Coding::kGzip);
  EXPECT_EQ(choose_coding("gzip, identity", std::vector{Coding::kIdentity, Coding::kGzip}), Coding::kIdentity);
  EXPECT_EQ(choose_coding("", std::vector{Coding::kGzip}), kNone);
  EXPECT_EQ(choose_coding("gzip", {}), kNone);
}

TEST(Negotiation, AFieldOfAnyLengthIsReadOnce) {
  std::string field;
  for (int i = 0; i < 100'000; ++i) field.append("x;q=0.5,");
  EXPECT_EQ(choose_coding(field + "br", kDefaultOffer), Coding::kBr);
}

}  // namespace
}  // namespace fanfare
