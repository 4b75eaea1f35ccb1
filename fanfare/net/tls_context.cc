#include "fanfare/net/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <limits>

#include "fanfare/base/check.h"
#include "fanfare/net/loop.h"
#include "fanfare/net/openssl_types.h"

namespace fanfare::net {
namespace {

constexpr const char* kCiphersOfTls12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::string_view kSessionContext = "fanfare";

OpensslBio bio_of(const std::string& text) {
  return OpensslBio(BIO_new_mem_buf(text.data(), static_cast<int>(std::min<std::size_t>(text.size(), 1U << 30))));
}

// Why the last call of OpenSSL failed.
std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return text == nullptr ? "unknown" : text;
}

int refuse_password(char*, int, int, void*) {
  return -1;
}

std::int64_t unix_s_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::numeric_limits<std::int64_t>::max();
  return timegm(&parts);
}

Result<void> use_certificates(SSL_CTX* context, const TlsIdentity& identity) {
  const OpensslBio bio = bio_of(identity.certificate);
  const OpensslCertificate own(PEM_read_bio_X509_AUX(bio.get(), nullptr, refuse_password, nullptr));
  if (own == nullptr) {
    ERR_clear_error();
    return fail(identity.name + ": the certificate is no PEM: it begins with -----BEGIN CERTIFICATE-----");
  }
  if (SSL_CTX_use_certificate(context, own.get()) != 1) return fail(identity.name + ": the certificate: " + reason());
  for (;;) {
    const OpensslCertificate next(PEM_read_bio_X509(bio.get(), nullptr, refuse_password, nullptr));
    if (next == nullptr) break;
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
      return fail(identity.name + ": a further certificate: " + reason());
    }
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!is_end) return fail(identity.name + ": a further certificate is no PEM");
  return {};
}

Result<void> use_key(SSL_CTX* context, const TlsIdentity& identity) {
  const bool is_encrypted = identity.key.contains("ENCRYPTED");
  const OpensslBio bio = bio_of(identity.key);
  const OpensslKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr));
  if (key == nullptr) {
    ERR_clear_error();
    return fail(identity.name + (is_encrypted ? ": the key is encrypted: give one that is not"
                                              : ": the key is no PEM: it begins with -----BEGIN PRIVATE KEY-----"));
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    ERR_clear_error();
    return fail(identity.name + ": the key is not that of the certificate");
  }
  return {};
}

// "h2" -> "\2h2".
std::string of_alpn(std::span<const std::string> protocols) {
  std::string text;
  for (const auto& each : protocols) {
    FANFARE_CHECK(!each.empty() && each.size() <= 255);
    text += static_cast<char>(each.size());
    text += each;
  }
  return text;
}

}  // namespace

struct TlsContext::Calls {
  static const TlsContext& context_of(SSL* session) {
    return *static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  }

  // The first identity whose certificate has the name, else the first of all, as if none had been asked for.
  static int choose_certificate(SSL* session, int*, void* context) {
    const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    for (SSL_CTX* each : static_cast<const TlsContext*>(context)->contexts_) {
      if (X509_check_host(SSL_CTX_get0_certificate(each), name, std::strlen(name), 0, nullptr) != 1) continue;
      SSL_set_SSL_CTX(session, each);
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

  // Without a protocol in common the connection goes on without one: what is inside is HTTP/1.1 then.
  static int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* bytes, const unsigned char* offered,
                             unsigned offered_bytes, void* context) {
    const std::string& ours = static_cast<const TlsContext*>(context)->protocols_;
    const auto* list = reinterpret_cast<const unsigned char*>(ours.data());
    auto** const out = const_cast<unsigned char**>(chosen);
    const int found =
        SSL_select_next_proto(out, bytes, list, static_cast<unsigned>(ours.size()), offered, offered_bytes);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }

  // 1: sealed or opened, 2: opened and to be renewed, 0: no key for it.
  static int seal_or_open(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, int seals) {
    TlsTickets& tickets = *context_of(session).tickets_;
    const EVP_CIPHER* aes = EVP_aes_256_cbc();
    TlsTicketKey key;
    int answer = 1;
    if (seals == 1) {
      key = tickets.sealing_key(steady_ms());
      std::ranges::copy(key.name, name);
      if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) != 1) return -1;
    } else {
      const auto found = tickets.opening_key(name, steady_ms());
      if (!found) return 0;
      key = found->key;
      answer = found->is_old ? 2 : 1;
    }
    if (EVP_CipherInit_ex(cipher, aes, nullptr, key.encryption.data(), iv, seals) != 1) return -1;
    std::string digest = "SHA256";
    const std::array parameters = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.authentication.data(), key.authentication.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1 ? answer : -1;
  }

  static void set_up(SSL_CTX* made, const TlsContext* context) {
    SSL_CTX_set_app_data(made, const_cast<TlsContext*>(context));
    FANFARE_CHECK(SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION) == 1);
    FANFARE_CHECK(SSL_CTX_set_cipher_list(made, kCiphersOfTls12) == 1);
    FANFARE_CHECK(SSL_CTX_set1_groups_list(made, kGroups) == 1);
    SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                  SSL_OP_IGNORE_UNEXPECTED_EOF);
    // An idle connection keeps no buffers; a write that the socket cuts short is told for what it took.
    SSL_CTX_set_mode(made,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);  // tickets are enough
    const auto* id = reinterpret_cast<const unsigned char*>(kSessionContext.data());
    FANFARE_CHECK(SSL_CTX_set_session_id_context(made, id, kSessionContext.size()) == 1);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(made, seal_or_open);
    // As SSL_CTX_set_tlsext_servername_callback does, whose cast is one of C.
    SSL_CTX_callback_ctrl(made, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(choose_certificate));
    SSL_CTX_set_tlsext_servername_arg(made, const_cast<TlsContext*>(context));
    if (!context->protocols_.empty()) {
      SSL_CTX_set_alpn_select_cb(made, choose_protocol, const_cast<TlsContext*>(context));
    }
  }
};

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const TlsOptions& options,
                                                           std::shared_ptr<TlsTickets> tickets) {
  FANFARE_CHECK(!options.identities.empty());
  std::shared_ptr<TlsContext> made(new TlsContext(std::move(tickets)));
  made->protocols_ = of_alpn(options.protocols);
  for (const TlsIdentity& each : options.identities) {
    if (auto added = made->add(each); !added) return std::unexpected(std::move(added.error()));
  }
  return made;
}

TlsContext::~TlsContext() {
  for (SSL_CTX* each : contexts_) SSL_CTX_free(each);
}

Result<void> TlsContext::add(const TlsIdentity& identity) {
  ERR_clear_error();
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  FANFARE_CHECK(context != nullptr);
  contexts_.push_back(context);
  Calls::set_up(context, this);
  if (auto used = use_certificates(context, identity); !used) return used;
  if (auto used = use_key(context, identity); !used) return used;
  valid_until_s_.push_back(unix_s_of(X509_get0_notAfter(SSL_CTX_get0_certificate(context))));
  return {};
}

}  // namespace fanfare::net
