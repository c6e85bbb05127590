#include "tests/support/mock_provider/self_signed.hpp"

#include "common/base/errors.hpp"

#ifdef MOCK_PROVIDER_TLS
#include <cerrno>
#include <cstdio>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string>

#include <sys/stat.h>

namespace fleet::mock_provider {
namespace {

template <auto Free>
struct FreedBy {
    template <typename Thing>
    void operator()(Thing* thing) const {
        Free(thing);
    }
};
using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreedBy<X509_EXTENSION_free>>;
using File = std::unique_ptr<std::FILE, FreedBy<std::fclose>>;

void require(bool worked, const char* doing) {
    if (!worked) {
        throw base::Error(std::string("making a certificate: ") + doing + " failed");
    }
}

void add_extension(X509* certificate, int kind, const char* value) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value));
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "an extension");
}

Certificate signed_with(EVP_PKEY* key) {
    constexpr long kHour = 3600;
    Certificate certificate(X509_new());
    X509* made = certificate.get();
    require(certificate && X509_set_version(made, X509_VERSION_3) == 1 &&
                ASN1_INTEGER_set(X509_get_serialNumber(made), 1) == 1 &&
                X509_gmtime_adj(X509_getm_notBefore(made), -kHour) != nullptr &&
                X509_gmtime_adj(X509_getm_notAfter(made), 24 * kHour) != nullptr &&
                X509_set_pubkey(made, key) == 1,
            "the certificate");
    X509_NAME* name = X509_get_subject_name(made);
    const std::string text = "mock provider";
    require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                       reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1,
                                       0) == 1 &&
                X509_set_issuer_name(made, name) == 1,
            "its name");
    add_extension(made, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(made, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
    require(X509_sign(made, key, EVP_sha256()) > 0, "signing");
    return certificate;
}

File opened(const std::filesystem::path& path) {
    File file(std::fopen(path.c_str(), "wxe"));
    if (!file) {
        throw base::Error(base::describe_errno("creating " + path.string(), errno));
    }
    return file;
}

}  // namespace

TlsFiles make_self_signed(const std::filesystem::path& folder) {
    const Key key(EVP_EC_gen("P-256"));
    require(key != nullptr, "the key");
    const Certificate certificate = signed_with(key.get());
    const TlsFiles files{folder / "certificate.pem", folder / "key.pem"};
    const File key_file = opened(files.key);
    require(::fchmod(::fileno(key_file.get()), 0600) == 0, "protecting the key");
    require(
        PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "writing the key");
    require(PEM_write_X509(opened(files.certificate).get(), certificate.get()) == 1,
            "writing the certificate");
    return files;
}

}  // namespace fleet::mock_provider

#else

namespace fleet::mock_provider {

TlsFiles make_self_signed(const std::filesystem::path& folder) {
    throw base::Error(
        "making a certificate in " + folder.string() + ": this build was made without OpenSSL",
        "install libssl-dev and build again");
}

}  // namespace fleet::mock_provider

#endif
