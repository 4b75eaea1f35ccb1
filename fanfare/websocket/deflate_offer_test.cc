#include "fanfare/websocket/deflate_offer.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace fanfare::websocket {
namespace {

http::Headers offering(std::initializer_list<std::string_view> fields) {
  http::Headers headers;
  headers.add("Sec-WebSocket-Key", "permessage-deflate");
  for (const auto field : fields) headers.add("sec-websocket-extensions", std::string(field));
  return headers;
}

constexpr std::string_view kBase = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

// The value that accepts, without what stands in all; "none" when no offer is accepted, "bad" when the syntax is
// broken.
std::string answer_to(std::initializer_list<std::string_view> fields) {
  const auto terms = choose_deflate(offering(fields));
  if (!terms) {
    EXPECT_EQ(terms.error().status, 400);
    return "bad";
  }
  if (!*terms) return "none";
  const std::string value = acceptance_of(**terms);
  EXPECT_TRUE(value.starts_with(kBase));
  return value.substr(kBase.size());
}

TEST(DeflateOffer, OffersWhoseTermsCanBeKeptAreAccepted) {
  const struct {
    std::string_view offer, answer;
  } rows[] = {
      {"permessage-deflate", ""},
      {" \tpermessage-deflate \t", ""},
      {"permessage-deflate; server_no_context_takeover", ""},
      {"permessage-deflate; client_no_context_takeover", ""},
      {"permessage-deflate;client_no_context_takeover;server_no_context_takeover", ""},
      {"permessage-deflate; client_max_window_bits", "; client_max_window_bits=10"},
      {"permessage-deflate; client_max_window_bits=15", "; client_max_window_bits=10"},
      {"permessage-deflate; client_max_window_bits=10", "; client_max_window_bits=10"},
      {"permessage-deflate; client_max_window_bits=9", "; client_max_window_bits=9"},
      {"permessage-deflate; client_max_window_bits=8", "; client_max_window_bits=8"},
      {R"(permessage-deflate; client_max_window_bits="9")", "; client_max_window_bits=9"},
      {R"(permessage-deflate; client_max_window_bits="1\2")", "; client_max_window_bits=10"},
      {"permessage-deflate; server_max_window_bits=15", "; server_max_window_bits=15"},
      {"permessage-deflate ; server_max_window_bits = 15 ; client_max_window_bits",
       "; server_max_window_bits=15; client_max_window_bits=10"},
  };
  for (const auto& row : rows) EXPECT_EQ(answer_to({row.offer}), row.answer) << row.offer;
}

TEST(DeflateOffer, OthersAreDeclined) {
  for (const std::string_view offer : {
           "x-webkit-deflate-frame",
           "Permessage-Deflate",
           "permessage-deflate2",
           "permessage-bzip2; client_max_window_bits",
           "permessage-deflate; unknown",
           "permessage-deflate; unknown=1",
           "permessage-deflate; server_no_context_takeover=1",
           "permessage-deflate; client_no_context_takeover=true",
           "permessage-deflate; server_max_window_bits",
           "permessage-deflate; server_max_window_bits=8",
           "permessage-deflate; server_max_window_bits=14",
           "permessage-deflate; server_max_window_bits=16",
           "permessage-deflate; server_max_window_bits=015",
           "permessage-deflate; server_max_window_bits=1a",
           "permessage-deflate; client_max_window_bits=7",
           "permessage-deflate; client_max_window_bits=16",
           "permessage-deflate; client_max_window_bits=08",
           "permessage-deflate; client_max_window_bits=100",
           "permessage-deflate; client_max_window_bits=-9",
           "permessage-deflate; client_max_window_bits; client_max_window_bits",
           "permessage-deflate; client_max_window_bits=9; client_max_window_bits=9",
           "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
           "",
           " , ,",
       }) {
    EXPECT_EQ(answer_to({offer}), "none") << offer;
  }
  EXPECT_EQ(answer_to({}), "none");
}

TEST(DeflateOffer, TheFirstThatCanBeKeptIsChosen) {
  EXPECT_EQ(answer_to({"permessage-deflate; server_max_window_bits=10, permessage-deflate; client_max_window_bits=9"}),
            "; client_max_window_bits=9");
  EXPECT_EQ(answer_to({"permessage-deflate, permessage-deflate; client_max_window_bits"}), "");
  EXPECT_EQ(answer_to({"x-other; a=\"b\", , permessage-deflate; client_max_window_bits ,"}),
            "; client_max_window_bits=10");
  EXPECT_EQ(answer_to({"permessage-deflate; server_max_window_bits=9", "permessage-deflate"}), "");
}

TEST(DeflateOffer, FieldsThatBreakTheSyntaxFailTheHandshake) {
  for (const std::string_view field : {
           "permessage-deflate;",
           "permessage-deflate; =9",
           "permessage-deflate; client_max_window_bits=",
           "permessage-deflate; client_max_window_bits=\"9",
           "permessage-deflate; client_max_window_bits=\"\"",
           "permessage-deflate; client_max_window_bits=\"9 9\"",
           "permessage-deflate; client_max_window_bits=\"9\\",
           "permessage-deflate; client_max_window_bits=\"9\"9",
           "permessage-deflate client_max_window_bits",
           "; client_max_window_bits",
           "=",
           "permessage-deflate, permessage/deflate",
           "\x80",
       }) {
    EXPECT_EQ(answer_to({field}), "bad") << field;
    EXPECT_EQ(answer_to({"permessage-deflate", field}), "bad") << field;
  }
}

}  // namespace
}  // namespace fanfare::websocket
