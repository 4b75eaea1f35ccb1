#include "fanfare/base/limits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace fanfare {
namespace {

#define FIELD(name)      \
  LimitField {           \
    #name, &Limits::name \
  }
constexpr std::array kFields = {
    FIELD(request_head_bytes_max),
    FIELD(request_headers_max),
    FIELD(request_body_bytes_max),
    FIELD(request_idle_ms),
    FIELD(keep_alive_idle_ms),
    FIELD(linger_ms),
    FIELD(update_bytes_max),
    FIELD(topics_per_update_max),
    FIELD(topic_bytes_max),
    FIELD(event_id_bytes_max),
    FIELD(event_type_bytes_max),
    FIELD(updates_per_batch_max),
    FIELD(selectors_per_subscription_max),
    FIELD(selector_bytes_max),
    FIELD(heartbeat_ms),
    FIELD(unacknowledged_ms),
    FIELD(dead_peer_ms),
    FIELD(unit_bytes_max),
    FIELD(audience_units_bytes_max),
    FIELD(budget_bytes),
    FIELD(topic_cache_bytes_max),
    FIELD(compiled_selectors_bytes_max),
    FIELD(flush_us_max),
    FIELD(turn_bytes_max),
    FIELD(undispatched_bytes_max),
    FIELD(unsent_bytes_max),
    FIELD(catch_up_read_bytes_max),
    FIELD(catch_up_scan_updates_max),
    FIELD(catch_up_reads_max),
    FIELD(memory_log_updates_max),
    FIELD(memory_log_bytes_max),
    FIELD(transient_bytes_max),
    FIELD(history_age_ms_max),
    FIELD(history_bytes_max),
    FIELD(history_updates_max),
    FIELD(history_updates_per_topic_max),
    FIELD(rule_file_bytes_max),
    FIELD(rules_max),
    FIELD(rule_templates_max),
    FIELD(key_file_bytes_max),
    FIELD(keys_max),
    FIELD(jwks_fetch_ms_max),
    FIELD(jwks_age_s_min),
    FIELD(jwks_age_s_max),
    FIELD(jwks_renew_s_min),
    FIELD(durable_log_check_ms),
    FIELD(durable_log_append_queue_bytes_max),
    FIELD(durable_log_commit_bytes_max),
    FIELD(durable_log_tail_bytes_max),
    FIELD(durable_log_cache_bytes_max),
    FIELD(durable_log_reading_threads),
    FIELD(durable_log_free_bytes_min),
    FIELD(http2_streams_max),
    FIELD(http2_control_frames_per_s),
    FIELD(http2_resets_per_s),
    FIELD(coding_group_subscribers_min),
    FIELD(coding_group_idle_ms),
    FIELD(coding_reset_ms_min),
    FIELD(websocket_message_bytes_max),
    FIELD(websocket_control_frames_per_s),
    FIELD(poll_wait_s_max),
    FIELD(poll_bytes_max),
    FIELD(connections_max),
    FIELD(reserved_files),
    FIELD(drain_ms),
    FIELD(retry_after_s),
    FIELD(publish_wait_ms),
    FIELD(announcements_max),
    FIELD(connections_per_address_max),
    FIELD(subscribers_max),
    FIELD(subscribers_per_address_max),
    FIELD(subscribers_per_subject_max),
    FIELD(publishes_per_s_per_address_max),
    FIELD(publishes_per_s_per_subject_max),
    FIELD(updates_per_s_per_topic_max),
    FIELD(burst_s),
    FIELD(rate_buckets_max),
};
#undef FIELD
static_assert(sizeof(Limits) == kFields.size() * sizeof(std::size_t), "a limit is missing from the table");

}  // namespace

std::span<const LimitField> limit_fields() {
  return kFields;
}

Result<void> set_limit(Limits& limits, std::string_view assignment) {
  const auto equals = assignment.find('=');
  const std::string_view name = assignment.substr(0, equals);
  const std::string_view value = equals == assignment.npos ? "" : assignment.substr(equals + 1);
  const auto field = std::ranges::find(kFields, name, &LimitField::name);
  if (field == kFields.end()) {
    std::string known;
    for (const auto& each : kFields) known.append(known.empty() ? "" : ", ").append(each.name);
    return fail("there is no limit named '" + std::string(name) + "'; the limits are " + known);
  }
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || error != std::errc() || end != value.data() + value.size()) {
    return fail("limit " + std::string(name) + " takes a whole number, not '" + std::string(value) + "'");
  }
  limits.*(field->member) = number;
  return {};
}

}  // namespace fanfare
