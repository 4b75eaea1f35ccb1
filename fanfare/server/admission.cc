#include "fanfare/server/admission.h"

#include <optional>
#include <utility>

#include "fanfare/server/cors.h"
#include "fanfare/server/shard.h"

namespace fanfare {
namespace {

http::Response overloaded(const Limits& limits, std::string_view reason) {
  return http::retry_response(503, reason, limits.retry_after_s);
}

// Whatever is asked for.
std::optional<http::Response> general_refusal(const Shard& shard, Reception reception) {
  const Limits& limits = shard.limits();
  if (shard.is_draining()) return overloaded(limits, "the server is shutting down");
  if (reception == Reception::kFull) return overloaded(limits, "the server has no room for another connection");
  if (reception == Reception::kTooMany) return Quotas::too_many_connections(limits).response();
  return std::nullopt;
}

std::expected<Admission, http::Response> admit_to_endpoint(Shard& shard, Reception reception,
                                                           const Exchange& exchange) {
  if (auto refusal = general_refusal(shard, reception)) return std::unexpected(std::move(*refusal));
  const auto endpoint = shard.router().route(exchange.head());
  if (!endpoint) return std::unexpected(endpoint.error());
  auto body_bytes_max = (*endpoint)->admit(exchange);
  if (!body_bytes_max) return std::unexpected(std::move(body_bytes_max.error()));
  return Admission{*endpoint, *body_bytes_max};
}

}  // namespace

std::expected<Admission, http::Response> admit(Shard& shard, Reception reception, const Exchange& exchange) {
  auto admission = admit_to_endpoint(shard, reception, exchange);
  if (!admission) add_cors(shard.policy().origins, exchange.head(), admission.error().headers);
  return admission;
}

}  // namespace fanfare
