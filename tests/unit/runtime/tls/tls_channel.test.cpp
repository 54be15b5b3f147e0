#include "runtime/tls/tls_channel.hpp"
#include "runtime/tls/server_certificate.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <unistd.h>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

namespace fs = std::filesystem;

class directory {
 public:
  directory() {
    std::string name = (fs::temp_directory_path() / "troupe-tls-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~directory() { fs::remove_all(path_); }
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

/// Writes a key and a certificate of that name, which it signs itself.
void make_certificate(const std::string& certificate_file, const std::string& key_file,
                      const char* name) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> made{X509_new(), X509_free};
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key.get());
  auto* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  X509_sign(made.get(), key.get(), EVP_sha256());
  std::unique_ptr<FILE, decltype(&fclose)> to{std::fopen(certificate_file.c_str(), "w"), fclose};
  PEM_write_X509(to.get(), made.get());
  to.reset(std::fopen(key_file.c_str(), "w"));
  PEM_write_PrivateKey(to.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

/// A client over memory, which trusts everybody.
class client {
 public:
  client()
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        session_(SSL_new(context_.get()), SSL_free) {
    SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(session_.get());
  }

  /// Takes what the server sent; what it has to say itself.
  std::string talk(std::string_view from_server) {
    BIO_write(SSL_get_rbio(session_.get()), from_server.data(),
              static_cast<int>(from_server.size()));
    char text[4096];
    int n = 0;
    while ((n = SSL_read(session_.get(), text, sizeof text)) > 0)
      heard.append(text, static_cast<std::size_t>(n));
    ended = SSL_get_error(session_.get(), n) == SSL_ERROR_ZERO_RETURN;
    return output();
  }

  std::string say(std::string_view text) {
    SSL_write(session_.get(), text.data(), static_cast<int>(text.size()));
    return output();
  }

  std::string peer() const {
    std::unique_ptr<X509, decltype(&X509_free)> shown{SSL_get1_peer_certificate(session_.get()),
                                                      X509_free};
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name,
                              sizeof name);
    return name;
  }

  std::string heard;
  bool ended = false;

 private:
  std::string output() {
    std::string text(BIO_ctrl_pending(SSL_get_wbio(session_.get())), '\0');
    BIO_read(SSL_get_wbio(session_.get()), text.data(), static_cast<int>(text.size()));
    return text;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
};

struct pair {
  explicit pair(server_certificate& certificate) : server(certificate.context()) {}

  void shake_hands() {
    std::string to_server = peer.talk({});
    for (int turn = 0; turn < 10 && !to_server.empty(); ++turn) {
      REQUIRE(server.receive(to_server, text) == tls_channel::state::open);
      std::string to_client;
      server.take_output(to_client);
      to_server = peer.talk(to_client);
    }
    REQUIRE(server.established());
  }

  client peer;
  tls_channel server;
  std::string text;
};

}  // namespace

TEST_CASE("a TLS channel carries text in both directions, whatever the pieces") {
  const directory place;
  make_certificate(place.file("cert"), place.file("key"), "one");
  auto certificate = server_certificate::load(place.file("cert"), place.file("key"));
  REQUIRE(certificate.has_value());
  pair both{**certificate};
  std::string sealed;
  CHECK_FALSE(both.server.send("too early", sealed));
  both.shake_hands();
  CHECK(both.peer.peer() == "one");

  const std::string long_text(100'000, 'x');
  const auto said = both.peer.say(long_text);
  for (std::size_t at = 0; at < said.size(); at += 777)
    REQUIRE(both.server.receive(std::string_view{said}.substr(at, 777), both.text) ==
            tls_channel::state::open);
  CHECK(both.text == long_text);

  REQUIRE(both.server.send(long_text, sealed));
  CHECK(sealed.find("xxxx") == std::string::npos);
  both.peer.talk(sealed);
  CHECK(both.peer.heard == long_text);

  sealed.clear();
  both.server.end(sealed);
  both.peer.talk(sealed);
  CHECK(both.peer.ended);
}

TEST_CASE("a TLS channel tells HTTP from noise, and is not disturbed by errors of others") {
  const directory place;
  make_certificate(place.file("cert"), place.file("key"), "one");
  auto certificate = server_certificate::load(place.file("cert"), place.file("key"));
  REQUIRE(certificate.has_value());
  std::string text;
  tls_channel http{(*certificate)->context()};
  CHECK(http.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n", text) == tls_channel::state::clear_text);
  CHECK(http.receive("GET / HTTP/1.1\r\n\r\n", text) == tls_channel::state::broken);
  tls_channel noise{(*certificate)->context()};
  CHECK(noise.receive("what is this, and why is it here?", text) == tls_channel::state::broken);
  CHECK(text.empty());

  pair both{**certificate};
  ERR_put_error(ERR_LIB_SSL, 0, SSL_R_BAD_LENGTH, __FILE__, __LINE__);
  both.shake_hands();
  ERR_put_error(ERR_LIB_SSL, 0, SSL_R_BAD_LENGTH, __FILE__, __LINE__);
  CHECK(both.server.receive(both.peer.say("hello"), both.text) == tls_channel::state::open);
  CHECK(both.text == "hello");
}

TEST_CASE("a server certificate is as new as its files, and errors leave the former one") {
  const directory place;
  std::vector<std::string> told;
  make_certificate(place.file("cert"), place.file("key"), "one");
  auto certificate =
      server_certificate::load(place.file("cert"), place.file("key"),
                               [&told](const std::string& error) { told.push_back(error); });
  REQUIRE(certificate.has_value());
  const auto name = [&certificate] {
    pair both{**certificate};
    both.shake_hands();
    return both.peer.peer();
  };
  CHECK(name() == "one");
  CHECK(told.empty());

  make_certificate(place.file("new-cert"), place.file("new-key"), "two");
  fs::rename(place.file("new-cert"), place.file("cert"));
  CHECK(name() == "one");
  REQUIRE(told.size() == 1);
  CHECK(told.back().find("key") != std::string::npos);
  CHECK(name() == "one");
  CHECK(told.size() == 1);
  fs::rename(place.file("new-key"), place.file("key"));
  CHECK(name() == "two");
  REQUIRE(told.size() == 2);
  CHECK(told.back().empty());

  fs::remove(place.file("key"));
  CHECK(name() == "two");
  REQUIRE(told.size() == 3);
  CHECK(told.back().find(place.file("key")) != std::string::npos);
}

TEST_CASE("a server certificate that cannot be used names its file") {
  const directory place;
  make_certificate(place.file("cert"), place.file("key"), "one");
  make_certificate(place.file("other-cert"), place.file("other-key"), "two");
  const auto problem = [&](const char* certificate, const char* key) {
    auto made = server_certificate::load(place.file(certificate), place.file(key));
    return made ? std::string{} : made.error().message;
  };
  CHECK(problem("cert", "key").empty());
  CHECK(problem("missing", "key").find(place.file("missing")) != std::string::npos);
  CHECK(problem("key", "key").find("certificate '" + place.file("key")) != std::string::npos);
  CHECK(problem("cert", "other-key").find(place.file("other-key")) != std::string::npos);
}

}  // namespace troupe
