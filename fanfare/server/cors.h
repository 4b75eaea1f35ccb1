// The CORS protocol's part of the hub's answers (WHATWG Fetch): which pages of other origins may read them.
// Pure; any thread.
#pragma once

#include <string>
#include <utility>

#include "fanfare/access/origins.h"
#include "fanfare/http/message.h"
#include "fanfare/server/exchange.h"

namespace fanfare {

// Adds what a response to this request needs.
void add_cors(const Origins& origins, const http::RequestHead& request, http::Headers& response);

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
