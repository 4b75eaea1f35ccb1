// A certificate that nobody else has signed, for machines without one: clients must be told to trust it.
// Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "fanfare/base/error.h"
#include "fanfare/net/tls_context.h"

namespace fanfare::net {

// For these host names and IP addresses, one at least; the first is the subject. Valid from an hour before now, for
// clocks that are behind, until valid_until_s (Unix times). Its key is on P-256.
TlsIdentity make_self_signed(std::span<const std::string> names, std::int64_t now_s, std::int64_t valid_until_s);

// SHA-256 of the first certificate of a PEM text, as tools print it: "AB:CD:…". Fails if there is none.
Result<std::string> fingerprint_of(const std::string& certificate);

// Whether the first certificate of a PEM text is for this host name or IP address.
bool is_certificate_for(const std::string& certificate, const std::string& name);

}  // namespace fanfare::net
