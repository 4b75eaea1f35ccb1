// From method and path to an endpoint, with the answers for those that have none: 404, 405 with Allow, OPTIONS.
// One thread.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fanfare/server/exchange.h"

namespace fanfare {

class Router {
 public:
  // GET endpoints also answer HEAD.
  void add(std::string method, std::string path, std::shared_ptr<Endpoint> endpoint);
  // For the path and all below it that have no endpoint of their own.
  void add_tree(std::string method, std::string path, std::shared_ptr<Endpoint> endpoint);
  // The endpoint, owned by the router, or the answer that takes its place.
  std::expected<Endpoint*, http::Response> route(const http::RequestHead& head) const;

 private:
  using Methods = std::vector<std::pair<std::string, std::shared_ptr<Endpoint>>>;
  static void add_to(Methods& methods, std::string method, std::shared_ptr<Endpoint> endpoint);
  const Methods* find(std::string_view path) const;

  std::unordered_map<std::string, Methods> paths_;
  std::map<std::string, Methods, std::less<>> trees_;
};

}  // namespace fanfare
