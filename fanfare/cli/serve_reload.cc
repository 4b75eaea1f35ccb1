#include "fanfare/cli/serve_reload.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "fanfare/base/limits.h"
#include "fanfare/net/self_signed.h"

namespace fanfare::cli {
namespace {

// Limits that are used up when the hub starts: those of the event log and of its rules, of fetching, and what shards
// and quotas are built with.
constexpr auto kLimitsOfTheStart = std::to_array<std::string_view>(
    {"history_", "memory_log_", "transient_bytes_max", "durable_log_", "rule_", "rules_max", "budget_bytes", "jwks_",
     "rate_buckets_max", "undispatched_bytes_max", "topic_cache_bytes_max", "compiled_selectors_bytes_max"});

bool is_of_the_start(std::string_view limit) {
  return std::ranges::any_of(kLimitsOfTheStart, [&](std::string_view each) { return limit.starts_with(each); });
}

bool is_same(const ServeConfig& a, const ServeConfig& b, std::string_view setting) {
  const auto texts = [&](const ServeConfig& config) {
    const auto found = config.effective.settings.find(setting);
    return found == config.effective.settings.end() ? std::vector<std::string>() : found->second.texts;
  };
  const auto file_text = [&](const ServeConfig& config) {
    const auto found = config.file_texts.find(std::string(setting));
    return found == config.file_texts.end() ? std::string() : found->second;
  };
  return texts(a) == texts(b) && file_text(a) == file_text(b);
}

// Of each issuer that is new, gone or has other keys: "issuer 'NAME'".
std::vector<std::string> changed_issuers(const ServeConfig& before, const ServeConfig& now) {
  const auto said_by = [](const ServeConfig& config) {
    std::map<std::string, std::string> said;
    for (const GivenIssuer& issuer : config.effective.issuers) {
      const std::string& name = issuer.name.texts.front();
      std::string& all = said["issuer '" + name + "'"];
      for (const auto& [setting, given] : issuer.keys) {
        const auto file = config.file_texts.find(issuer_setting(name, setting));
        all.append(setting).append("=").append(given.texts.front()).append("\n");
        if (file != config.file_texts.end()) all.append(file->second).append("\n");
      }
    }
    return said;
  };
  const auto old_ones = said_by(before);
  const auto new_ones = said_by(now);
  std::vector<std::string> changed;
  for (const auto& [issuer, said] : old_ones) {
    if (!new_ones.contains(issuer)) changed.push_back(issuer);
  }
  for (const auto& [issuer, said] : new_ones) {
    const auto old = old_ones.find(issuer);
    if (old == old_ones.end() || old->second != said) changed.push_back(issuer);
  }
  return changed;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text.empty() ? "nothing" : text;
}

}  // namespace

Changes changes_between(const ServeConfig& started, const ServeConfig& in_force, const ServeConfig& now) {
  Changes changes;
  for (const Setting& setting : settings()) {
    const bool reloads = setting.change == Change::kReload;
    if (is_same(reloads ? in_force : started, now, setting.name)) continue;
    (reloads ? changes.taken : changes.need_restart).emplace_back(setting.name);
  }
  for (auto& issuer : changed_issuers(in_force, now)) changes.taken.push_back(std::move(issuer));
  for (const LimitField& field : limit_fields()) {
    const bool reloads = !is_of_the_start(field.name);
    const Limits& before = (reloads ? in_force : started).server.limits;
    if (before.*(field.member) == now.server.limits.*(field.member)) continue;
    (reloads ? changes.taken : changes.need_restart).push_back("limits." + std::string(field.name));
  }
  return changes;
}

void Reloader::reload() {
  auto now = read_serve_config(arguments_);
  if (now && now->self_signed && now->self_signed->is_new) {
    if (auto kept = keep_certificate(*now, log_); !kept) now = std::unexpected(std::move(kept.error()));
  }
  auto replaced = now ? server_.replace(server_options(*now, make_source_)) : std::unexpected(now.error());
  if (!replaced) {
    log_.write(LogLevel::kError, "reload_failed",
               {{"reason", replaced.error().message}, {"in_force", "the configuration from before"}});
    return;
  }
  const Changes changes = changes_between(started_, in_force_, *now);
  log_.write(LogLevel::kInfo, "reloaded", {{"changed", joined(changes.taken)}});
  if (!changes.need_restart.empty()) {
    log_.write(LogLevel::kWarning, "needs_restart", {{"settings", joined(changes.need_restart)}});
  }
  in_force_ = std::move(*now);
  warn_of_weak_keys(in_force_, log_);
}

Result<void> keep_certificate(const ServeConfig& config, Log& log) {
  if (!config.self_signed) return {};
  const SelfSigned& made = *config.self_signed;
  if (made.is_new) {
    if (auto kept = keep_self_signed(made); !kept) return kept;
  }
  log.write(LogLevel::kInfo, "self_signed_certificate",
            {{"file", made.certificate_file},
             {"sha256", net::fingerprint_of(made.identity.certificate).value_or("")},
             {"is_new", made.is_new}});
  return {};
}

void warn_of_weak_keys(const ServeConfig& config, Log& log) {
  for (const std::string& fault : config.weak_keys) log.write(LogLevel::kWarning, "weak_key", {{"advice", fault}});
}

}  // namespace fanfare::cli
