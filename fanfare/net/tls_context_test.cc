#include "fanfare/net/tls_context.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "fanfare/net/self_signed.h"

namespace fanfare::net {
namespace {

constexpr std::int64_t kNowSeconds = 1'700'000'000;

TlsIdentity identity_of(std::vector<std::string> names) {
  return make_self_signed(names, kNowSeconds, kNowSeconds + 86'400);
}

std::string fault_of(TlsIdentity identity) {
  identity.name = "hub.pem";
  const auto made =
      TlsContext::make({.identities = {std::move(identity)}, .protocols = {}}, std::make_shared<TlsTickets>());
  return made ? "" : made.error().message;
}

TEST(TlsContext, TakesACertificateWithItsKeyAndKnowsHowLongItIsValid) {
  const auto made =
      TlsContext::make({.identities = {identity_of({"a"}), identity_of({"b"})}, .protocols = {"http/1.1"}},
                       std::make_shared<TlsTickets>());
  ASSERT_TRUE(made.has_value());
  ASSERT_EQ((*made)->valid_until_s().size(), 2U);
  EXPECT_EQ((*made)->valid_until_s()[0], kNowSeconds + 86'400);
}

TEST(TlsContext, TakesFurtherCertificatesAfterTheServersOwn) {
  TlsIdentity identity = identity_of({"a"});
  identity.certificate += identity_of({"authority"}).certificate;
  EXPECT_EQ(fault_of(identity), "");
}

TEST(TlsContext, WhatCannotBeUsedIsToldWithItsName) {
  const TlsIdentity good = identity_of({"a"});
  TlsIdentity no_certificate = good;
  no_certificate.certificate = good.key;
  EXPECT_EQ(fault_of(no_certificate), "hub.pem: the certificate is no PEM: it begins with -----BEGIN CERTIFICATE-----");
  TlsIdentity no_key = good;
  no_key.key = good.certificate;
  EXPECT_EQ(fault_of(no_key), "hub.pem: the key is no PEM: it begins with -----BEGIN PRIVATE KEY-----");
  TlsIdentity other_key = good;
  other_key.key = identity_of({"a"}).key;
  EXPECT_EQ(fault_of(other_key), "hub.pem: the key is not that of the certificate");
  TlsIdentity encrypted = good;
  encrypted.key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
  EXPECT_EQ(fault_of(encrypted), "hub.pem: the key is encrypted: give one that is not");
  TlsIdentity damaged = good;
  damaged.certificate += "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(fault_of(damaged), "hub.pem: a further certificate is no PEM");
}

TEST(SelfSigned, IsForItsNamesAndAddresses) {
  const TlsIdentity made = identity_of({"localhost", "127.0.0.1", "::1"});
  for (const char* name : {"localhost", "127.0.0.1", "::1"}) EXPECT_TRUE(is_certificate_for(made.certificate, name));
  for (const char* name : {"a.example", "127.0.0.2", ""}) EXPECT_FALSE(is_certificate_for(made.certificate, name));
  EXPECT_FALSE(is_certificate_for("", "localhost"));
}

TEST(SelfSigned, HasAFingerprint) {
  const std::string print = fingerprint_of(identity_of({"a"}).certificate).value();
  EXPECT_EQ(print.size(), 32U * 3 - 1);
  EXPECT_NE(print, fingerprint_of(identity_of({"a"}).certificate).value()) << "of another key";
  EXPECT_FALSE(fingerprint_of("no PEM").has_value());
}

TEST(TlsTickets, AKeySealsForOnePeriodAndOpensForOneMore) {
  constexpr std::uint64_t kBeginMs = 5'000;
  TlsTickets tickets;
  const auto first = tickets.sealing_key(kBeginMs);
  const auto opens = [&](std::uint64_t at_ms) { return tickets.opening_key(first.name.data(), at_ms); };
  EXPECT_EQ(tickets.sealing_key(kBeginMs + TlsTickets::kPeriodMs - 1).name, first.name);
  EXPECT_FALSE(opens(kBeginMs + TlsTickets::kPeriodMs - 1)->is_old);
  const auto second = tickets.sealing_key(kBeginMs + TlsTickets::kPeriodMs);
  EXPECT_NE(second.name, first.name);
  EXPECT_NE(second.encryption, first.encryption);
  EXPECT_TRUE(opens(kBeginMs + 2 * TlsTickets::kPeriodMs - 1)->is_old);
  EXPECT_FALSE(opens(kBeginMs + 2 * TlsTickets::kPeriodMs).has_value());
}

TEST(TlsTickets, WhoComesLateWithAnEarlierTimeChangesNothing) {
  TlsTickets tickets;
  const auto key = tickets.sealing_key(1'000);
  EXPECT_EQ(tickets.sealing_key(999).name, key.name);
  EXPECT_FALSE(tickets.opening_key(key.name.data(), 999)->is_old);
}

TEST(TlsTickets, AfterALongQuietTimeNoOldKeyOpens) {
  TlsTickets tickets;
  const auto first = tickets.sealing_key(0);
  EXPECT_FALSE(tickets.opening_key(first.name.data(), 2 * TlsTickets::kPeriodMs).has_value());
}

}  // namespace
}  // namespace fanfare::net
