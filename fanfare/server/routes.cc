#include "fanfare/server/routes.h"

#include <algorithm>
#include <vector>

#include "fanfare/observe/metrics.h"
#include "fanfare/server/asset_endpoint.h"
#include "fanfare/server/cors.h"
#include "fanfare/server/publish_endpoint.h"
#include "fanfare/server/shard.h"
#include "fanfare/server/subscribe_endpoint.h"
#include "fanfare/server/subscriptions_endpoint.h"

namespace fanfare {
namespace {

// 200 while the server takes requests; load balancers ask.
class HealthEndpoint final : public Endpoint {
 public:
  void answer(Exchange& exchange) override { exchange.respond(http::text_response(200, "ok")); }
};

// One for each URL, though keys may be fetched from it for several algorithms.
std::vector<FetchedKeys> fetched_keys_of(const Authorizer& authorizer) {
  std::vector<FetchedKeys> all;
  for (const auto& source : authorizer.sources()) {
    const KeySourceFigures figures = source->figures();
    auto found = std::ranges::find(all, figures.url, &FetchedKeys::url);
    if (found == all.end()) found = all.insert(all.end(), FetchedKeys{.url = figures.url});
    found->keys += figures.keys;
    found->fetches_total += figures.fetches_total;
    found->failures_total += figures.failures_total;
    found->fetched_at_s = std::max(found->fetched_at_s, figures.fetched_at_s);
  }
  return all;
}

class MetricsEndpoint final : public Endpoint {
 public:
  explicit MetricsEndpoint(Shard& shard) : shard_(shard) {}
  void answer(Exchange& exchange) override {
    const Shared& shared = shard_.shared();
    const auto limits = shared.quotas.refusals();
    const auto fetched_keys = fetched_keys_of(shard_.policy().authorizer);
    http::Response response{.status = 200,
                            .headers = {},
                            .body = render_metrics(shared.counters, shared.options.version, limits, fetched_keys)};
    response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.headers.add("Cache-Control", "no-store");
    exchange.respond(std::move(response));
  }

 private:
  Shard& shard_;
};

}  // namespace

std::unique_ptr<Router> make_router(Shard& shard) {
  auto router = std::make_unique<Router>();
  const std::string hub(kHubPath);
  router->add("GET", hub, std::make_shared<SubscribeEndpoint>(shard));
  router->add("CONNECT", hub, std::make_shared<SubscribeEndpoint>(shard));  // of a WebSocket over HTTP/2
  router->add("QUERY", hub, std::make_shared<SubscribeEndpoint>(shard));
  router->add("POST", hub, std::make_shared<PublishEndpoint>(shard));
  router->add("OPTIONS", hub, std::make_shared<PreflightEndpoint>(shard.policy().origins, "GET, HEAD, QUERY, POST"));
  const auto subscriptions = std::make_shared<SubscriptionsEndpoint>(shard);
  const auto preflight = std::make_shared<PreflightEndpoint>(shard.policy().origins, "GET, HEAD");
  router->add_tree("GET", std::string(kSubscriptionsPath), subscriptions);
  router->add_tree("OPTIONS", std::string(kSubscriptionsPath), preflight);
  router->add("GET", "/healthz", std::make_shared<HealthEndpoint>());
  router->add("GET", "/metrics", std::make_shared<MetricsEndpoint>(shard));
  for (const auto& asset : console_assets()) {
    router->add("GET", std::string(asset.path), std::make_shared<AssetEndpoint>(asset));
  }
  return router;
}

}  // namespace fanfare
