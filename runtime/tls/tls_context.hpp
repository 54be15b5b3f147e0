#pragma once

#include "runtime/tls/tls_files.hpp"

#include <memory>

struct ssl_ctx_st;

namespace troupe {

struct tls_context_deleter {
  void operator()(ssl_ctx_st* context) const;
};
using tls_context = std::unique_ptr<ssl_ctx_st, tls_context_deleter>;

/// Own certificate and key, and a peer that must have one of the authority. The error names the
/// file that does not do.
outcome<tls_context> make_tls_context(const tls_files& files);

/// Gives the context a certificate, with what it was signed with, and its key, all of PEM files.
/// The error names the file that does not do, and why.
outcome<void> use_certificate(ssl_ctx_st* context, const std::string& certificate_file,
                              const std::string& key_file);

/// What OpenSSL had to say last, for people; forgets it.
std::string take_tls_errors();

}  // namespace troupe
