#include "app/certificate_authority.hpp"

#include "app/data_directory.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <memory>

namespace troupe {

namespace {

using key_ptr = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using certificate_ptr = std::unique_ptr<X509, void (*)(X509*)>;
using bio_ptr = std::unique_ptr<BIO, int (*)(BIO*)>;

constexpr long ten_years_s = 10L * 365 * 24 * 3600;

struct issued {
  key_ptr key{nullptr, &EVP_PKEY_free};
  certificate_ptr certificate{nullptr, &X509_free};
};

void set_random_serial(X509* certificate) {
  unsigned char bytes[16];
  RAND_bytes(bytes, sizeof bytes);
  bytes[0] &= 0x7f;
  std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> number{BN_bin2bn(bytes, sizeof bytes, nullptr),
                                                    &BN_free};
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  if (auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value)) {
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
}

// Signed by `issuer`, or by itself when there is none.
issued issue(const char* name, const issued* issuer) {
  issued result;
  result.key.reset(EVP_EC_gen("P-256"));
  result.certificate.reset(X509_new());
  auto* certificate = result.certificate.get();
  X509_set_version(certificate, 2);
  set_random_serial(certificate);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), ten_years_s);
  X509_set_pubkey(certificate, result.key.get());
  auto* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  auto* authority = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(authority));
  if (issuer == nullptr) {
    add_extension(certificate, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(certificate, authority, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    add_extension(certificate, authority, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, authority, NID_ext_key_usage, "serverAuth,clientAuth");
  }
  add_extension(certificate, authority, NID_subject_key_identifier, "hash");
  auto* signer = issuer != nullptr ? issuer->key.get() : result.key.get();
  X509_sign(certificate, signer, EVP_sha256());
  return result;
}

std::string text_of_bio(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string certificate_text(const issued& item) {
  bio_ptr bio{BIO_new(BIO_s_mem()), &BIO_free};
  PEM_write_bio_X509(bio.get(), item.certificate.get());
  return text_of_bio(bio.get());
}

std::string key_text(const issued& item) {
  bio_ptr bio{BIO_new(BIO_s_mem()), &BIO_free};
  PEM_write_bio_PrivateKey(bio.get(), item.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of_bio(bio.get());
}

tls_files files_of(const std::string& directory, const std::string& side) {
  return {directory + "/" + side + ".crt", directory + "/" + side + ".key", directory + "/ca.crt"};
}

}  // namespace

outcome<void> ensure_authority(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code failed;
  // The authority's certificate is written last: when it is there everything is.
  if (fs::exists(directory + "/ca.crt", failed))
    return boost::system::in_place_value;
  fs::create_directories(directory, failed);
  const auto authority = issue("troupe local authority", nullptr);
  for (const char* side : {"server", "worker"}) {
    const auto leaf = issue(side, &authority);
    const auto files = files_of(directory, side);
    TROUPE_CHECK(write_file(files.certificate, certificate_text(leaf), 0644));
    TROUPE_CHECK(write_file(files.key, key_text(leaf), 0600));
  }
  TROUPE_CHECK(write_file(directory + "/ca.key", key_text(authority), 0600));
  return write_file(directory + "/ca.crt", certificate_text(authority), 0644);
}

tls_files server_tls(const std::string& directory) { return files_of(directory, "server"); }
tls_files worker_tls(const std::string& directory) { return files_of(directory, "worker"); }

}  // namespace troupe
