// From options to the issuers whose tokens a hub accepts: of each its name, and the keys of its publishers and of its
// subscribers, given or fetched from a URL.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"
#include "fanfare/cli/key_options.h"
#include "fanfare/jwks/jwks_url.h"
#include "fanfare/observe/log.h"

namespace fanfare::cli {

struct IssuerOptions {
  std::string name;  // what the tokens' iss must be; empty: any that no other issuer has, or none
  KeyOptions publisher;
  KeyOptions subscriber;
};

// Makes the source of the keys under a URL.
using MakeSource = std::function<std::shared_ptr<KeySource>(const jwks::JwksUrl&, std::optional<Algorithm>)>;

// Fetches, from now on. The same URL with the same algorithm is fetched by one source, whoever names it. limits is
// copied, log borrowed: it must outlive the sources.
MakeSource make_fetching_source(const Limits& limits, Log& log);

// Fails for the same name twice, a name without any key, a role with a key and a URL, keys that cannot be read, a URL
// that is none, and an algorithm for secrets with a URL.
Result<std::vector<Issuer>> make_issuers(const std::vector<IssuerOptions>& options, const Limits& limits,
                                         const MakeSource& make_source);

// Whether any issuer's role has keys, or a source of them.
bool has_publishers(const std::vector<Issuer>& issuers);
bool has_subscribers(const std::vector<Issuer>& issuers);

}  // namespace fanfare::cli
