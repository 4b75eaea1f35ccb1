#include "fanfare/server/router.h"

namespace fanfare {
namespace {

http::Response with_allow(http::Response response, std::string allow) {
  response.headers.add("Allow", std::move(allow));
  return response;
}

}  // namespace

void Router::add(std::string method, std::string path, std::shared_ptr<Endpoint> endpoint) {
  Methods& methods = paths_[std::move(path)];
  if (method == "GET") methods.emplace_back("HEAD", endpoint);
  methods.emplace_back(std::move(method), std::move(endpoint));
}

std::expected<Endpoint*, http::Response> Router::route(const http::RequestHead& head) const {
  const auto found = paths_.find(head.path);
  if (found == paths_.end()) {
    if (head.method == "OPTIONS" && head.path == "*") {
      return std::unexpected(with_allow({.status = 204, .headers = {}, .body = {}}, "GET, HEAD, QUERY, POST, OPTIONS"));
    }
    return std::unexpected(http::problem_response(404, "there is nothing at this path"));
  }
  std::string allow = "OPTIONS";
  for (const auto& [method, endpoint] : found->second) {
    if (method == head.method) return endpoint.get();
    if (method != "OPTIONS") allow.append(", ").append(method);
  }
  if (head.method == "OPTIONS") {
    return std::unexpected(with_allow({.status = 204, .headers = {}, .body = {}}, std::move(allow)));
  }
  return std::unexpected(with_allow(http::problem_response(405, "the methods allowed here are " + allow), allow));
}

}  // namespace fanfare
