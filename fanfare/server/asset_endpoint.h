// Answers with a file of the console: in the content coding that the client likes best, or 304 if it has it already
// (RFC 9110 sections 12.5.3 and 13.1.2). One thread: the shard's.
#pragma once

#include "fanfare/console/console.h"
#include "fanfare/server/exchange.h"

namespace fanfare {

class AssetEndpoint final : public Endpoint {
 public:
  // asset is borrowed.
  explicit AssetEndpoint(const ConsoleAsset& asset) : asset_(asset) {}
  void answer(Exchange& exchange) override;

 private:
  const ConsoleAsset& asset_;
};

}  // namespace fanfare
