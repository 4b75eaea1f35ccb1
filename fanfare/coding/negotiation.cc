#include "fanfare/coding/negotiation.h"

#include <algorithm>
#include <cstddef>

namespace fanfare {
namespace {

using Thousandths = int;

// What the field says: the weight of each coding that it names, and of all others.
struct Accepted {
  std::array<std::optional<Thousandths>, kDefaultOffer.size()> named;
  std::optional<Thousandths> others;  // `*`
};

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Up to the separator, which is removed with it.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

// qvalue: 0 or 1, and up to three decimals, which are zeros after 1.
std::optional<Thousandths> parse_qvalue(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  Thousandths value = (text[0] - '0') * 1000;
  Thousandths place = 100;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (!is_digit(c)) return std::nullopt;
    value += (c - '0') * place;
    place /= 10;
  }
  if (value > 1000) return std::nullopt;
  return value;
}

// weight: OWS ";" OWS "q=" qvalue; `text` is what follows the semicolon.
std::optional<Thousandths> parse_weight(std::string_view text) {
  text = trim(text);
  if (!text.starts_with("q=") && !text.starts_with("Q=")) return std::nullopt;
  return parse_qvalue(text.substr(2));
}

void take_member(Accepted& accepted, std::string_view member) {
  const bool has_weight = member.contains(';');
  const std::string_view name = trim(take_until(member, ';'));
  const auto weight = has_weight ? parse_weight(member) : Thousandths{1000};
  if (!weight) return;
  if (name == "*") {
    if (!accepted.others) accepted.others = weight;
  } else if (const auto coding = coding_named(name)) {
    auto& named = accepted.named[static_cast<std::size_t>(*coding)];
    if (!named) named = weight;
  }
}

Accepted parse(std::string_view field) {
  Accepted accepted;
  while (!field.empty()) take_member(accepted, take_until(field, ','));
  return accepted;
}

// Nothing: not acceptable. identity that is not mentioned comes after everything else: its weight is 0, but it has one.
std::optional<Thousandths> weight_of(const Accepted& accepted, Coding coding) {
  const auto& named = accepted.named[static_cast<std::size_t>(coding)];
  const auto stated = named ? named : accepted.others;
  if (!stated && coding == Coding::kIdentity) return 0;
  return stated == Thousandths{0} ? std::nullopt : stated;
}

}  // namespace

std::optional<Coding> choose_coding(std::optional<std::string_view> accept_encoding, std::span<const Coding> offer) {
  if (!accept_encoding) {
    if (std::ranges::find(offer, Coding::kIdentity) != offer.end()) return Coding::kIdentity;
    return offer.empty() ? std::nullopt : std::optional(offer.front());
  }
  const Accepted accepted = parse(*accept_encoding);
  std::optional<Coding> best;
  std::optional<Thousandths> best_weight;
  for (const Coding coding : offer) {
    const auto weight = weight_of(accepted, coding);
    if (!weight || (best && *weight <= *best_weight)) continue;
    best = coding;
    best_weight = weight;
  }
  return best;
}

}  // namespace fanfare
