#include "fanfare/server/cors.h"

namespace fanfare {

void add_cors(const Origins& origins, const http::RequestHead& request, http::Headers& response) {
  if (origins.vary()) response.add("Vary", "Origin");
  const auto* origin = request.headers.find("Origin");
  if (origin == nullptr) return;
  const auto answer = origins.answer(*origin);
  if (!answer) return;
  response.add("Access-Control-Allow-Origin", answer->allow_origin);
  if (answer->credentials == Credentials::kAllow) response.add("Access-Control-Allow-Credentials", "true");
  response.add("Access-Control-Expose-Headers", "ETag, Last-Event-ID, Link, Retry-After");
}

std::optional<CookieCarrier> cookie_for_websocket(const Origins& origins, const http::RequestHead& request,
                                                  std::string_view own_origin) {
  if (request.headers.count("Origin") > 1) return std::nullopt;
  const auto* origin = request.headers.find("Origin");
  if (origin == nullptr || *origin == own_origin) return CookieCarrier::kAccepted;
  const auto answer = origins.answer(*origin);
  if (!answer) return std::nullopt;
  return answer->credentials == Credentials::kAllow ? CookieCarrier::kAccepted : CookieCarrier::kIgnored;
}

void PreflightEndpoint::answer(Exchange& exchange) {
  http::Response response{.status = 204, .headers = {}, .body = {}};
  response.headers.add("Allow", methods_ + ", OPTIONS");
  add_cors(origins_, exchange.head(), response.headers);
  if (response.headers.find("Access-Control-Allow-Origin") != nullptr) {
    response.headers.add("Access-Control-Allow-Methods", methods_);
    response.headers.add("Access-Control-Allow-Headers",
                         "Authorization, Cache-Control, Content-Type, If-None-Match, Last-Event-ID");
    response.headers.add("Access-Control-Max-Age", "86400");
  }
  exchange.respond(std::move(response));
}

}  // namespace fanfare
