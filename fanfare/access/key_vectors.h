// For tests, not for the program: keys and signatures made with another tool, python3-cryptography.
// Every signature is of kVectorText, under the key of its type. ECDSA's are raw, as in a JWS.
#pragma once

#include <string_view>

namespace fanfare {

inline constexpr std::string_view kVectorText = R"({"alg":"X"}.vector)";

inline constexpr std::string_view kRsaPublicPem = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvXruGolDQlqJU6pfXKn/
uRI7yqxix0+c6f62ZdQ33ZwFI/nlwe3lqc28snAS5MBbD7geoCg/nXHzotmb5l9t
j12U+Aol3O8YK6eItAQ7IfuSD4pBh2UhM5dWK0+tKR4YIup7OXhZwQE7REPIAz+C
Nwyaa2rRHD1PwnMDpGGIJitwt6pnHtBH5AzWtVv3pIGwWZ7X68L5GXEKg2sm04CQ
QxFbsGghZRaxCZ5wSg1gnSxptILTw3CreCdJiShYUbyKpUP7gbCDK3c/ylpWycYY
3ZEoEn7UB1KKCJYn0T/Ye1UqaymRhDYHnavtva4LZ2t31e0LlkM5AfsekAlPm76J
XQIDAQAB
-----END PUBLIC KEY-----
)";
inline constexpr std::string_view kRsaPkcs1Pem = R"(-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAvXruGolDQlqJU6pfXKn/uRI7yqxix0+c6f62ZdQ33ZwFI/nlwe3l
qc28snAS5MBbD7geoCg/nXHzotmb5l9tj12U+Aol3O8YK6eItAQ7IfuSD4pBh2Uh
M5dWK0+tKR4YIup7OXhZwQE7REPIAz+CNwyaa2rRHD1PwnMDpGGIJitwt6pnHtBH
5AzWtVv3pIGwWZ7X68L5GXEKg2sm04CQQxFbsGghZRaxCZ5wSg1gnSxptILTw3Cr
eCdJiShYUbyKpUP7gbCDK3c/ylpWycYY3ZEoEn7UB1KKCJYn0T/Ye1UqaymRhDYH
navtva4LZ2t31e0LlkM5AfsekAlPm76JXQIDAQAB
-----END RSA PUBLIC KEY-----
)";
inline constexpr std::string_view kRsaModulus =
    "vXruGolDQlqJU6pfXKn_uRI7yqxix0-c6f62ZdQ33ZwFI_nlwe3lqc28snAS5MBbD7geoCg_nXHzotmb5l9tj12U-Aol3O8YK6eItAQ7"
    "IfuSD4pBh2UhM5dWK0-tKR4YIup7OXhZwQE7REPIAz-CNwyaa2rRHD1PwnMDpGGIJitwt6pnHtBH5AzWtVv3pIGwWZ7X68L5GXEKg2sm"
    "04CQQxFbsGghZRaxCZ5wSg1gnSxptILTw3CreCdJiShYUbyKpUP7gbCDK3c_ylpWycYY3ZEoEn7UB1KKCJYn0T_Ye1UqaymRhDYHnavt"
    "va4LZ2t31e0LlkM5AfsekAlPm76JXQ";
inline constexpr std::string_view kRsaPrivateExponent =
    "CPpWZlT7Jh12lMuFjbUzW_BIe3usCYAU8gRi3ZPO2tX961y3nXb5cxB_wJ-tUX_owKercdC-ZOYlkmGHsMR0Qz7-pDsM3LlKdqUPReJO"
    "b_eEze4x2Sm6R0DEMTSrAn_9yke8c3ZnoEy_42Xnx_meIKAc__p1coZYLWE4OrVxV0eSOdsaYqfPH0RF7pJBfaALvAvG-VbGuXpyIswL"
    "GMz7unWzObe5UWswRX5QZyGxoFnYmRaCTt6ttuMILnuLImiIi-yhM265BUjnCpgTkzVwwmU-GrxJ24ZBuIC-4Kjl7aJjgIxqE-QakSXd"
    "pXapWpgjwmCVRlhXoIyCvvZOdD2HwQ";
inline constexpr std::string_view kRs256Signature =
    "B7F9X17tTEQNCIvzln1aGboQZeqQq6xyO84XWJG9i7Z80B40Chbq9398ykYgOdDpz4gb9bt_jafKk9knP9W_L2A64L311t5Jv3b4xaU-"
    "-MjKfB1uO---gwXJuWRmAsSpqse_D817EjG0-WOZLmba_6D-XGYvT5I2YWeL32g2RSnUuODEb9iOSA9UE5uXibWh2QU0pyOmOwr8s9Um"
    "AQQa3kYrWUU-_LqvkFQ2wLqoGkKsciuUujlf8QI2cys-TKwEx5t0FEF_Wndwet_mGEKiWykOpDsT-JB6-oaXwlGwbXe0SNDJlBeiC15g"
    "Zd2aKK4VUqpWz7YhJHWzLqTo0p48rg";
inline constexpr std::string_view kPs256Signature =
    "hsu4ggerChyaYywPxhBsP7P6DUPsF1ngg3TWspmLVk8DIM9f4SOKK_RtOmYcjUEcYSf-T3a3KEp_yUZMtV0_EZSw9JApT3c9Y5Jq6PRo"
    "X3l0pp5-QOuvHxRvBT0R6YadWn59ERgN2tY19cB9CVsQ3LdlV2tn321d5km4w77zu2b-DOlC1--Y0adw2S0dKl02LOBE1G4jA9sAVuMq"
    "i4zsuy3he7RfgJYnLE0u388zpr0vSuvqChKRk7Lf4tSGzM_-cbVpsf5xIpNbJ5MEoKVFh7fpfBdsfqdyWilWu47XG1jcPPwaWg4vzv3_"
    "O_AufJWZk8wIGossTltPJpZsCz9nUg";
inline constexpr std::string_view kRs384Signature =
    "klOVv_sj9bSUorqi86-CITnt9zkx5qPJSEY7f5Ieol7zunUoxpBfLChqzqcX57LYR2ugTIXiRG0sFG868V6WPNO94IzMEo3Pkpcs_QrP"
    "Ur_qND3moWMDyTjXUiAR009iwg1unaVhl89hNGAnmfectXp8xbBsYgRuo7UxYcZsgBt6zbfwUc5-ptXOwaSXO3dbnGS_Mw8iAnN79xGJ"
    "4L9q75conjdOR3F7TRPdxZYNaLnox6S0GILlJqS1qI5u4dUBbmYIlPNn79Jv4yvJr_222cYYteIGBNSncMyJ3NRMsuNmjJsMwyctDwdO"
    "wx0bKWh_Hz63BdqrIPNW_KPHSXFp8Q";
inline constexpr std::string_view kPs384Signature =
    "mi-hiytDb9i6Pd7MH7Guowm4xzF1rqODf1vNtid9898wVydcOnyxFp1hdBF5LXxTvAa86fl3G5vVDlNB9LKF7dGWSJw1_iD8BUyOQAyG"
    "qblkdMYC9fibosiBrDXM2HZnaaeCecunWgCzTr_pjFcGFAsdSBTpVI-uaZ4nvacSLFekdx_0wgjQ2tmy1MiIO3V-_cWMfd97S9z8uxXg"
    "rqAyZ65PtCLrxEok9ydl71h55Z-ATGmYFHWngu3eVcGL6K6Jlorn8F-vfGxjt24MZWL0ew2K2B-rgcHdu2TF5orNKlCkxagj7ifUiCFR"
    "g7J83IW8daJzNivVyFHPSsxL_HeCbA";
inline constexpr std::string_view kRs512Signature =
    "fux4PfrJBuMuVzPPs8v6uTsEMEQfv71NlEQvHIsyyhTtEf5V1T9m2KRIWop9ySESCrNVAtUZ_rvTvbi5i1dA9WbMotNg0Vm5mh1paoM4"
    "MCOhFjs3IoE3kOfuNT4WRDePmYaMRRDWC5TyCTCT5gfJVqEv3KUTPnOgDAu6rIqZ6pvHXnbXGABBdiJ9MzDemV5flsxzmgAngZet7uIP"
    "eZsKOI-ECJ23DP6mncJS-RsAWaSeUdELeGFgYqtSUQxtIh8RfzVFcftriVMi4-FKo1qowzxaOSA84hCoLgl3N2nVR6L_uQH6N-w5sWSk"
    "wNbtyDSN4ucRBZUZuceDtFb_qtWE_g";
inline constexpr std::string_view kPs512Signature =
    "IC2ENS6eiYGRbEb8um4oitmeCqZj-TVobxLMlYWkEDeXMNjJduF8hQQcN72I8mRFZyjpfrjYrSsQ4CngCpYh3739W0R6zrXbwto-jf_f"
    "KH2qDe0KH9RWf1GwhucK7CJCVKVMciJ6w9a8yUWwUQv7bziymZ1Ke4jO2jB13I-MEM7A_TaK9iY2lYHMTFYAtvglPZGwpWThMzsrK0wX"
    "EJinKgp1sQK2SiKO5mtTA9CAgaPnIcU4BQ9F2iVotXdG6qHUjygH7YsjeVbkwXAHClMNoIg500PrGOitzXs25TQkUsA_pyexlJXQUHhh"
    "DQRc_xruSqKnQuiUTt8BnE9lrOfj-A";
// With no salt, which no PS256 signature has.
inline constexpr std::string_view kPs256WithoutSalt =
    "t8n4OQQa1Hg8pci_HdVAsqHbVk5_9XE0yHnxs1Bt8UXS6mJgXQZWqR_X1mEvFsQOrjpYIYtfam-m592oLu0B2wIDA_tTWtFk1k7CkqVH"
    "IsPS8jBYWFubm0vJ-7st0Y3uJj8Nv15qhJoxOWMFPmlfPCzNnzT-30BdnouUeQbM4BOnMVI0Ksq7I4yD4YJpm-EqrMZa1JWzLmuswia5"
    "ohUtaNsrVs7H6XxxeuBW8E_6LfOIhHX36xUOAfou5-b87y5FHY-JhZrdcgJaY9-IHFQjXhiIeL6OL7ow8hWrHnmcZ6Bcb-wR4SLMrFGK"
    "-hES07jbHdYa8UuseFCb-XaPQ4_TFw";

inline constexpr std::string_view kP256PublicPem = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELQcyIKBXPlkq/Rq4b9R1pAX6bHMt
rlPEdqQkdXtaKEYO6HkaVZEznRwvINiOGWKfMOukZYOPFT0REiFrw8iImQ==
-----END PUBLIC KEY-----
)";
inline constexpr std::string_view kP256PrivatePem = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIH+x5/KeBFzVuKJl1MmtIFw4L1HsJ8eBNCTJkdYFFCg+oAoGCCqGSM49
AwEHoUQDQgAELQcyIKBXPlkq/Rq4b9R1pAX6bHMtrlPEdqQkdXtaKEYO6HkaVZEz
nRwvINiOGWKfMOukZYOPFT0REiFrw8iImQ==
-----END EC PRIVATE KEY-----
)";
inline constexpr std::string_view kEs256Signature =
    "fdwnTqygDjp9R22APR0t-Ql7F9kXFiA64-XUM_MdgjAk55P-s4fd0qJbA9b9cwiPeHDTyXq55ZLh16p61VY7UQ";
inline constexpr std::string_view kP384PublicPem = R"(-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEG1dH6ILU1g6tnK+EqH6Z08Xffflyr8DM
YAoTcgNyw8Jwnp+DW9PRTkWOi2dALC6VGpZPjYiXm3xhSxL3zfQT3NxWiypnUT+v
XEJsiBSD7Tij2uMpk/lGJao/jbkX6Keh
-----END PUBLIC KEY-----
)";
inline constexpr std::string_view kP384PrivatePem = R"(-----BEGIN EC PRIVATE KEY-----
MIGkAgEBBDDwGaEg801YN8b6XYTE7wh5tMtS/aAOrVfrnY59+B61jXq5Ht0No0vl
n4PPbXsTXN+gBwYFK4EEACKhZANiAAQbV0fogtTWDq2cr4SofpnTxd99+XKvwMxg
ChNyA3LDwnCen4Nb09FORY6LZ0AsLpUalk+NiJebfGFLEvfN9BPc3FaLKmdRP69c
QmyIFIPtOKPa4ymT+UYlqj+NuRfop6E=
-----END EC PRIVATE KEY-----
)";
inline constexpr std::string_view kEs384Signature =
    "jOT5a0Kxzb-D_5CbAhpHE8_q_JVxPRFs468spKXjjrirUGkweM7cr7RgZfAyY3Zm6uLjU6JZNcJhFB6of3afaCnw6QUTv_gPMB3xIxIc"
    "bmM1XxOysHyqFJ3av-bLBp7y";
inline constexpr std::string_view kP521PublicPem = R"(-----BEGIN PUBLIC KEY-----
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAHlCJZPXC9PK8Vx2yU4Z7UNJSVT6C
5/L3cArVObRjLA/n4GbOHeqjfvM3DgMtj43RD0Bw7Q9xhXGNhrHpYLTXBtgBPnmb
OH25F3kPJuG6XDa0U+d9j7ieuSBRxf9RemoUpmr/NbgZYRnlUneimjBxFUMkjw60
TFh+HkalRMAXU6XfQxw=
-----END PUBLIC KEY-----
)";
inline constexpr std::string_view kP521PrivatePem = R"(-----BEGIN EC PRIVATE KEY-----
MIHcAgEBBEIBX30l/tc9JU4Dm0/wgBzEX4zqGFWzeADACcJbiud2zFhv/RfogmEe
s+pK3gX2H1qFIeY38nDWjFnE0pDv0QH3BDWgBwYFK4EEACOhgYkDgYYABAAeUIlk
9cL08rxXHbJThntQ0lJVPoLn8vdwCtU5tGMsD+fgZs4d6qN+8zcOAy2PjdEPQHDt
D3GFcY2GselgtNcG2AE+eZs4fbkXeQ8m4bpcNrRT532PuJ65IFHF/1F6ahSmav81
uBlhGeVSd6KaMHEVQySPDrRMWH4eRqVEwBdTpd9DHA==
-----END EC PRIVATE KEY-----
)";
inline constexpr std::string_view kEs512Signature =
    "AdEt7OpDEFUIHd2qkml_15FSzhX5M3iVH1eQsfWmSLlWIWb6NkRXheoVwmIl_oM1BRuslk_Ak5xrH6KlYA72EMvJADCvAq56FITl7pJT"
    "hLMHwlJXj3dB9L0pa6LaOEPjzL71zDYrua1Kre9yMHDO0Pb0I-dWb_cnSNJTWAkI1BIe7ccC";

inline constexpr std::string_view kEd25519PublicPem = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEABkMmkTXb9SpI8jBdADrjN9pMmpFG+qjypmcusGNxL44=
-----END PUBLIC KEY-----
)";
inline constexpr std::string_view kEd25519PrivatePem = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIF5gLi6+xLgqm1LdyjxeoArAILwjM1qdx04YuUeiU/Mm
-----END PRIVATE KEY-----
)";
inline constexpr std::string_view kEd25519EncryptedPem = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBBNq6ixuuK4RYrOpuP9
58cyAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQvvO/iIMwghtgdWvL
oLl51QRASqazfycjAt4NWF1HjQMg1zjwhKlOIKaCBxa94kmHigvaEQG1upMMR79d
JZccj/ZeHeTjETDfoqzpkA1N5jlf9w==
-----END ENCRYPTED PRIVATE KEY-----
)";
inline constexpr std::string_view kEdDsaSignature =
    "EsA9am93bz-rqnqU1vwot1C4sqe9U6DuPLIzWsbMlSEoYudrkGESPuhMymNPWma8Ut0IPc9Vj3ScWxffiJIPBQ";

// Too short, and a curve that is not among JWS's own.
inline constexpr std::string_view kRsa1024Pem = R"(-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCe/i7pHHiqhKv9y017KLNsyE15
GojWOuq4q2690NT23mPYJZ0/C9NZkNvUSNzSVJSn7AohV7G/R7nh2EfwkSkoEwwu
sH9dNYsgv7oeaE2u+WsrMK00iAe8GcDH7g9/RKLAmW1y3fa6Cyj3iUhItgoVoexy
QzFeYACV7IhMTcJcdwIDAQAB
-----END PUBLIC KEY-----
)";
inline constexpr std::string_view kSecp256k1Pem = R"(-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEWapefYk1TN0zcmFSbSE9lx6dwjZlD94V
mB6XHsE6E3Oi7O8uul58GeXUDOWAHLnxzRVnTKLmuMI/AhaoaLON3A==
-----END PUBLIC KEY-----
)";

// A certificate and its key.
inline constexpr std::string_view kCertificatePem = R"(-----BEGIN CERTIFICATE-----
MIIBeDCCAR2gAwIBAgIUbESmm2kX5UfwCl2JqoV/voMPncUwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGaXNzdWVyMB4XDTI2MTEyMTE3MTkwNFoXDTM2MTExODE3MTkw
NFowETEPMA0GA1UEAwwGaXNzdWVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
1KnqfRARiLrH9nPK1CxuhvUol2rcyCuKFri7JrkXlWeKXEdDDHhID2FBm2rFGCp5
KY4j8orlSFklbY+QNuvRjaNTMFEwHQYDVR0OBBYEFBUQa3AcsDzUOaE6M5jaLzqQ
HuxvMB8GA1UdIwQYMBaAFBUQa3AcsDzUOaE6M5jaLzqQHuxvMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAKjtZqwHguzlXAsBMBPyZlUf6oB4G0TZ
zyG6KDws1TE1AiEA/iONdTqpDPWnTmPCsf2FM8YQJsy0qEyFPwNPy0fH3iA=
-----END CERTIFICATE-----
)";
inline constexpr std::string_view kCertificateKeyPem = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGbCHfHpRtEhwmi/e
nTG+SkpHkgzHEPY6/hvXl/oTYtOhRANCAATUqep9EBGIusf2c8rULG6G9SiXatzI
K4oWuLsmuReVZ4pcR0MMeEgPYUGbasUYKnkpjiPyiuVIWSVtj5A269GN
-----END PRIVATE KEY-----
)";

}  // namespace fanfare
