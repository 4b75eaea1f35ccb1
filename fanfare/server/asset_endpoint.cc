#include "fanfare/server/asset_endpoint.h"

#include <optional>
#include <string>
#include <utility>

#include "fanfare/server/routes.h"

namespace fanfare {
namespace {

// A list may be spread over several fields (RFC 9110 section 5.3). Nothing: there is none.
std::optional<std::string> list_of(const http::Headers& headers, std::string_view name) {
  std::optional<std::string> list;
  for (const auto& [field, value] : headers) {
    if (!http::equals_ignoring_case(field, name)) continue;
    list = list ? *list + ", " + value : value;
  }
  return list;
}

}  // namespace

void AssetEndpoint::answer(Exchange& exchange) {
  const http::Headers& request = exchange.head().headers;
  const ConsoleBody& body = asset_.body_for(list_of(request, "Accept-Encoding"));
  const auto known = list_of(request, "If-None-Match");
  const bool is_known = known && http::matches_etag(*known, body.etag);
  http::Response response{.status = is_known ? 304 : 200, .headers = {}, .body = {}};
  response.headers.add("ETag", std::string(body.etag));
  // Kept, but asked about each time: another release changes it under the same URL, and all of them at once.
  response.headers.add("Cache-Control", "no-cache");
  response.headers.add("Vary", "Accept-Encoding");
  if (!is_known) {
    response.body = body.bytes;
    response.headers.add("Content-Type", std::string(asset_.content_type));
    if (body.coding != Coding::kIdentity) {
      response.headers.add("Content-Encoding", std::string(coding_name(body.coding)));
    }
    response.headers.add("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'");
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.headers.add("Referrer-Policy", "no-referrer");
    response.headers.add("Link", std::string(kHubLink));
  }
  exchange.respond(std::move(response));
}

}  // namespace fanfare
