// The CORS protocol's part of the hub's answers (WHATWG Fetch): which pages of other origins may read them.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fanfare/access/origins.h"
#include "fanfare/http/message.h"
#include "fanfare/server/credentials.h"
#include "fanfare/server/exchange.h"

namespace fanfare {

// Adds what a response to this request needs.
void add_cors(const Origins& origins, const http::RequestHead& request, http::Headers& response);

// Browsers let every page open a WebSocket, with its visitor's cookies, and show it what comes: so the server looks at
// Origin itself (RFC 6455 section 10.2), by the list that CORS has. A page of the hub's own origin may, and so may who
// is no page and sends none. Where the list has "*", a page of any origin may, and its visitor's cookie counts for
// nothing, as CORS would not let it be sent. Nothing: it must be refused.
std::optional<CookieCarrier> cookie_for_websocket(const Origins& origins, const http::RequestHead& request,
                                                  std::string_view own_origin);

// Answers a preflight request, and any other OPTIONS. methods: "GET, HEAD".
class PreflightEndpoint final : public Endpoint {
 public:
  PreflightEndpoint(const Origins& origins, std::string methods) : origins_(origins), methods_(std::move(methods)) {}
  void answer(Exchange& exchange) override;

 private:
  const Origins& origins_;
  const std::string methods_;
};

}  // namespace fanfare
