#include "fanfare/jwks/refresh.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "fanfare/access/jwk.h"

namespace fanfare::jwks {
namespace {

constexpr std::uint64_t kAgeUnsaidS = 600;
constexpr std::uint64_t kPauseLeastMs = 1'000;
constexpr std::uint64_t kPauseMostMs = 60'000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return made;
}

}  // namespace

Result<KeySet> keys_of_body(std::string_view body, std::optional<Algorithm> wanted, const Limits& limits) {
  auto parsed = parse_jwks(body, wanted, limits.keys_max);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  std::erase_if(*parsed, [](const Key& key) { return key.can_sign(); });
  if (parsed->empty()) return fail("it has only secrets and private keys, which are no longer secret there");
  return KeySet(std::move(*parsed));
}

std::optional<std::uint64_t> max_age_s(std::string_view cache_control) {
  std::optional<std::uint64_t> age_s;
  while (!cache_control.empty()) {
    const auto end = std::min(cache_control.find(','), cache_control.size());
    const std::string directive = lower(trimmed(cache_control.substr(0, end)));
    cache_control.remove_prefix(std::min(end + 1, cache_control.size()));
    if (directive == "no-cache" || directive == "no-store") return 0;
    constexpr std::string_view kMaxAge = "max-age=";
    if (!directive.starts_with(kMaxAge)) continue;
    std::string_view digits = std::string_view(directive).substr(kMaxAge.size());
    if (digits.size() >= 2 && digits.front() == '"' && digits.back() == '"')
      digits = digits.substr(1, digits.size() - 2);
    std::uint64_t seconds = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (error == std::errc() && rest == digits.data() + digits.size()) age_s = seconds;
  }
  return age_s;
}

bool Refresh::want(std::uint64_t now_ms) {
  if (begun_ms_ && now_ms < *begun_ms_ + limits_.jwks_renew_s_min * 1'000) return false;
  due_ms_ = std::min(due_ms_, now_ms);
  return true;
}

std::uint64_t Refresh::age_ms(std::string_view cache_control) const {
  const std::uint64_t most_s = std::max(limits_.jwks_age_s_min, limits_.jwks_age_s_max);
  return std::clamp<std::uint64_t>(max_age_s(cache_control).value_or(kAgeUnsaidS), limits_.jwks_age_s_min, most_s) *
         1'000;
}

News Refresh::on_answer(const Result<Answer>& answer, std::uint64_t now_ms) {
  const auto changed = take(answer);
  if (!changed) {
    failure_ = changed.error().message;
    const std::uint64_t pause_ms = std::min(kPauseMostMs, kPauseLeastMs << std::min(failures_, 10u));
    due_ms_ = now_ms + pause_ms;
    return failures_++ == 0 ? News::kFailed : News::kKept;
  }
  failure_.clear();
  due_ms_ = now_ms + age_ms(answer->cache_control);
  const bool had_failed = std::exchange(failures_, 0) > 0;
  if (*changed) return News::kChanged;
  return had_failed ? News::kRecovered : News::kKept;
}

// Whether the keys are others now.
Result<bool> Refresh::take(const Result<Answer>& answer) {
  if (!answer) return std::unexpected(answer.error());
  if (answer->status == 304 && keys_ != nullptr) return false;
  if (answer->status >= 300 && answer->status < 400) {
    return fail("the answer is " + std::to_string(answer->status) +
                ", and redirects are not followed: give the URL that it leads to");
  }
  if (answer->status != 200) return fail("the answer is " + std::to_string(answer->status) + ", not 200");
  if (keys_ == nullptr || answer->body != body_) {
    auto keys = keys_of_body(answer->body, wanted_, limits_);
    if (!keys) return std::unexpected(std::move(keys.error()));
    keys_ = std::make_shared<const KeySet>(std::move(*keys));
    body_ = answer->body;
    etag_ = answer->etag;
    return true;
  }
  etag_ = answer->etag;
  return false;
}

}  // namespace fanfare::jwks
