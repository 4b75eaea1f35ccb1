#include "fanfare/cli/issuers.h"

#include <algorithm>

#include "fanfare/cli/commands.h"
#include "fanfare/jwks/remote_keys.h"

namespace fanfare::cli {
namespace {

struct RoleKeys {
  KeySet keys;
  std::shared_ptr<KeySource> source;
};

Result<RoleKeys> read_role(const KeyOptions& options, const Limits& limits, const MakeSource& make_source) {
  if (options.jwks_url.empty()) {
    auto keys = read_verification_keys(options, limits);
    if (!keys) return std::unexpected(std::move(keys.error()));
    return RoleKeys{std::move(*keys), nullptr};
  }
  if (options.names_key()) {
    const std::string& other = options.key.empty() ? options.file_name : options.key_name;
    return fail("give " + other + " or " + options.jwks_url_name + ", not both");
  }
  const auto url = jwks::JwksUrl::parse(options.jwks_url);
  if (!url) return fail(options.jwks_url_name + ": " + url.error().message);
  const auto algorithm = algorithm_of(options);
  if (!algorithm) return std::unexpected(algorithm.error());
  if (*algorithm && facts_of(**algorithm).key_type == KeyType::kSecret) {
    return fail(options.algorithm_name + ": " + options.algorithm +
                " goes with a secret, and what a URL shows is none");
  }
  return RoleKeys{{}, make_source(*url, *algorithm)};
}

// "issuer 'NAME': ", or nothing for the one without a name.
std::string named(const IssuerOptions& options) {
  return options.name.empty() ? "" : "issuer '" + options.name + "': ";
}

Result<Issuer> make_issuer(const IssuerOptions& options, const Limits& limits, const MakeSource& make_source) {
  if (!options.name.empty() && !options.publisher.names_any() && !options.subscriber.names_any()) {
    return fail(named(options) + "it has no keys, so that none of its tokens could be accepted");
  }
  auto publisher = read_role(options.publisher, limits, make_source);
  if (!publisher) return fail(named(options) + publisher.error().message);
  auto subscriber = read_role(options.subscriber, limits, make_source);
  if (!subscriber) return fail(named(options) + subscriber.error().message);
  return Issuer{.name = options.name,
                .publisher_keys = std::move(publisher->keys),
                .subscriber_keys = std::move(subscriber->keys),
                .publisher_source = std::move(publisher->source),
                .subscriber_source = std::move(subscriber->source)};
}

}  // namespace

MakeSource make_fetching_source(const Limits& limits, Log& log) {
  using Sources = std::map<std::pair<std::string, std::optional<Algorithm>>, std::weak_ptr<KeySource>>;
  return
      [limits, &log, known = std::make_shared<Sources>()](const jwks::JwksUrl& url, std::optional<Algorithm> wanted) {
        auto& place = (*known)[{url.text, wanted}];
        if (auto source = place.lock()) return source;
        auto transport = jwks::make_curl_transport("fanfare/" + std::string(kVersion), limits);
        auto source =
            jwks::fetch_keys({.url = url, .wanted = wanted, .limits = limits, .transport = std::move(transport)}, log);
        place = source;
        return source;
      };
}

Result<std::vector<Issuer>> make_issuers(const std::vector<IssuerOptions>& options, const Limits& limits,
                                         const MakeSource& make_source) {
  std::vector<Issuer> issuers;
  for (const IssuerOptions& each : options) {
    if (std::ranges::find(issuers, each.name, &Issuer::name) != issuers.end()) {
      return fail("there are two issuers named '" + each.name + "'");
    }
    auto issuer = make_issuer(each, limits, make_source);
    if (!issuer) return std::unexpected(std::move(issuer.error()));
    issuers.push_back(std::move(*issuer));
  }
  return issuers;
}

bool has_publishers(const std::vector<Issuer>& issuers) {
  return std::ranges::any_of(issuers, [](const Issuer& issuer) {
    return !issuer.publisher_keys.empty() || issuer.publisher_source != nullptr;
  });
}

bool has_subscribers(const std::vector<Issuer>& issuers) {
  return std::ranges::any_of(issuers, [](const Issuer& issuer) {
    return !issuer.subscriber_keys.empty() || issuer.subscriber_source != nullptr;
  });
}

}  // namespace fanfare::cli
