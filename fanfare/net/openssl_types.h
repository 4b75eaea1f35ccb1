// Owners of what OpenSSL makes; for the sources of this room.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace fanfare::net {

template <auto kFree>
struct Freed {
  void operator()(auto* object) const { kFree(object); }
};
using OpensslBio = std::unique_ptr<BIO, Freed<BIO_free>>;
using OpensslCertificate = std::unique_ptr<X509, Freed<X509_free>>;
using OpensslKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

}  // namespace fanfare::net
