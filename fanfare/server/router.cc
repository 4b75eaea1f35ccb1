#include "fanfare/server/router.h"

namespace fanfare {
namespace {

http::Response with_allow(http::Response response, std::string allow) {
  response.headers.add("Allow", std::move(allow));
  return response;
}

}  // namespace

void Router::add(std::string method, std::string path, std::shared_ptr<Endpoint> endpoint) {
  add_to(paths_[std::move(path)], std::move(method), std::move(endpoint));
}

void Router::add_tree(std::string method, std::string path, std::shared_ptr<Endpoint> endpoint) {
  add_to(trees_[std::move(path)], std::move(method), std::move(endpoint));
}

void Router::add_to(Methods& methods, std::string method, std::shared_ptr<Endpoint> endpoint) {
  if (method == "GET") methods.emplace_back("HEAD", endpoint);
  methods.emplace_back(std::move(method), std::move(endpoint));
}

const Router::Methods* Router::find(std::string_view path) const {
  if (const auto exact = paths_.find(std::string(path)); exact != paths_.end()) return &exact->second;
  for (auto slash = path.size(); slash != path.npos && slash > 0; slash = path.rfind('/', slash - 1)) {
    const auto tree = trees_.find(path.substr(0, slash));
    if (tree != trees_.end()) return &tree->second;
  }
  return nullptr;
}

std::expected<Endpoint*, http::Response> Router::route(const http::RequestHead& head) const {
  const Methods* found = find(head.path);
  if (found == nullptr) {
    if (head.method == "OPTIONS" && head.path == "*") {
      return std::unexpected(with_allow({.status = 204, .headers = {}, .body = {}}, "GET, HEAD, QUERY, POST, OPTIONS"));
    }
    return std::unexpected(http::problem_response(404, "there is nothing at this path"));
  }
  std::string allow = "OPTIONS";
  for (const auto& [method, endpoint] : *found) {
    if (method == head.method) return endpoint.get();
    // A tunnel is asked for by :protocol and not by a method of its own (RFC 8441 section 4).
    if (method != "OPTIONS" && method != "CONNECT") allow.append(", ").append(method);
  }
  if (head.method == "OPTIONS") {
    return std::unexpected(with_allow({.status = 204, .headers = {}, .body = {}}, std::move(allow)));
  }
  return std::unexpected(with_allow(http::problem_response(405, "the methods allowed here are " + allow), allow));
}

}  // namespace fanfare
