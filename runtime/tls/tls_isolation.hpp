#pragma once

namespace troupe {

/// Keeps the failure of one TLS connection from others of the same thread. OpenSSL decides by the
/// thread's error queue whether a call failed, and CAF 0.18 neither reads it out nor empties it:
/// the end of one connection would end every other one as soon as it had nothing to read. From now
/// on the queue is emptied whenever a connection turns to its socket. For contexts that are made
/// later, in the whole process; once.
void isolate_tls_errors();

}  // namespace troupe
