#include "fanfare/net/self_signed.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/net/openssl_types.h"

namespace fanfare::net {
namespace {

constexpr long kEarlierSeconds = 3'600;
constexpr int kSerialBytes = 16;

std::string text_of(BIO* bio) {
  const char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio, const_cast<char**>(&bytes));
  return {bytes, static_cast<std::size_t>(count)};
}

bool is_ip_address(const std::string& name) {
  const std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>> address(a2i_IPADDRESS(name.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> made(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  FANFARE_CHECK(made != nullptr && X509_add_ext(certificate, made.get(), -1) == 1);
}

void set_random_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes;
  FANFARE_CHECK(RAND_bytes(bytes.data(), kSerialBytes) == 1);
  bytes[0] &= 0x7f;  // positive
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(bytes.data(), kSerialBytes, nullptr));
  FANFARE_CHECK(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

OpensslCertificate first_certificate(const std::string& pem) {
  const OpensslBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  OpensslCertificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

}  // namespace

TlsIdentity make_self_signed(std::span<const std::string> names, std::int64_t now_s, std::int64_t valid_until_s) {
  const OpensslKey key(EVP_EC_gen("P-256"));
  const OpensslCertificate certificate(X509_new());
  FANFARE_CHECK(key != nullptr && certificate != nullptr && !names.empty());
  X509* const x509 = certificate.get();
  FANFARE_CHECK(X509_set_version(x509, X509_VERSION_3) == 1);
  set_random_serial(x509);
  ASN1_TIME_set(X509_getm_notBefore(x509), now_s - kEarlierSeconds);
  ASN1_TIME_set(X509_getm_notAfter(x509), valid_until_s);
  X509_NAME* const subject = X509_get_subject_name(x509);
  const auto* common_name = reinterpret_cast<const unsigned char*>(names.front().c_str());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common_name, -1, -1, 0);
  FANFARE_CHECK(X509_set_issuer_name(x509, subject) == 1 && X509_set_pubkey(x509, key.get()) == 1);
  std::string alternatives;
  for (const auto& name : names) {
    alternatives.append(alternatives.empty() ? "" : ",").append(is_ip_address(name) ? "IP:" : "DNS:").append(name);
  }
  add_extension(x509, NID_subject_alt_name, alternatives);
  add_extension(x509, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(x509, NID_key_usage, "critical,digitalSignature");
  add_extension(x509, NID_ext_key_usage, "serverAuth");
  FANFARE_CHECK(X509_sign(x509, key.get(), EVP_sha256()) > 0);

  const OpensslBio out(BIO_new(BIO_s_mem()));
  FANFARE_CHECK(PEM_write_bio_X509(out.get(), x509) == 1);
  TlsIdentity identity;
  identity.certificate = text_of(out.get());
  const OpensslBio key_out(BIO_new(BIO_s_mem()));
  FANFARE_CHECK(PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  identity.key = text_of(key_out.get());
  identity.name = "self-signed";
  return identity;
}

Result<std::string> fingerprint_of(const std::string& certificate) {
  const OpensslCertificate first = first_certificate(certificate);
  if (first == nullptr) return fail("there is no certificate: it begins with -----BEGIN CERTIFICATE-----");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned bytes = 0;
  FANFARE_CHECK(X509_digest(first.get(), EVP_sha256(), digest.data(), &bytes) == 1);
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (unsigned i = 0; i < bytes; ++i) {
    if (i > 0) text += ':';
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

bool is_certificate_for(const std::string& certificate, const std::string& name) {
  const OpensslCertificate first = first_certificate(certificate);
  if (first == nullptr) return false;
  if (is_ip_address(name)) return X509_check_ip_asc(first.get(), name.c_str(), 0) == 1;
  return X509_check_host(first.get(), name.data(), name.size(), 0, nullptr) == 1;
}

}  // namespace fanfare::net
