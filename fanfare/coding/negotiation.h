// Which content coding a response has: what the client accepts (Accept-Encoding, RFC 9110 section 12.5.3) against what
// the server offers. A response that was chosen by this says `Vary: Accept-Encoding`.
// Pure; any thread.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "fanfare/coding/coding.h"

namespace fanfare {

// All codings, the preferred ones first.
inline constexpr std::array kDefaultOffer = {Coding::kZstd, Coding::kBr, Coding::kGzip, Coding::kDeflate,
                                             Coding::kIdentity};

// The offered coding with the highest weight; of those with the same, the one that is offered first. Nothing if the
// client accepts none of them: the answer is then 406, or what the server likes to send all the same.
//
// accept_encoding: the field's value, several of them joined by commas. Without the field a client accepts everything,
// but has not said that it can decode anything: identity, if it is offered, else the first of the offer.
// identity is acceptable, after everything that is named, unless it or `*` has the weight 0. Of a coding that is named
// twice, the first counts. Members that are no coding with a weight are passed over, as are codings that nobody knows.
std::optional<Coding> choose_coding(std::optional<std::string_view> accept_encoding, std::span<const Coding> offer);

}  // namespace fanfare
