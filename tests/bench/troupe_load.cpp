// troupe_load - a closed-loop load generator for Taskcluster-compatible servers.
//
// One thread, epoll, keep-alive HTTP/1.1 connections, Hawk headers signed in process (HMAC-SHA256
// with precomputed key midstates). It costs a few microseconds of CPU per request, so that it can
// share two cores with a fast server. Plain http:// root URLs only. Prints one JSON line on stdout.
//
//
// use:    troupe_load --root-url http://127.0.0.1:8080 --client-id C --access-token T --concurrency
// 8 --tasks 1000 The modes and options are told by --help.

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

using std::string;
using std::string_view;

// ---------------------------------------------------------------- small helpers

int64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

struct Rng {  // xoshiro-like; quality is ample for ids and nonces
  uint64_t s;
  explicit Rng(uint64_t seed) : s(seed ? seed : 88172645463325252ull) {}
  uint64_t operator()() {
    s ^= s >> 12;
    s ^= s << 25;
    s ^= s >> 27;
    return s * 2685821657736338717ull;
  }
  double unit() { return double((*this)() >> 11) * (1.0 / 9007199254740992.0); }
};

constexpr char B64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char B64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void b64_append(string& out, const uint8_t* p, size_t n) {
  size_t i = 0;
  for (; i + 2 < n; i += 3) {
    uint32_t v = p[i] << 16 | p[i + 1] << 8 | p[i + 2];
    char c[4] = {B64[v >> 18], B64[v >> 12 & 63], B64[v >> 6 & 63], B64[v & 63]};
    out.append(c, 4);
  }
  if (i + 1 == n) {
    uint32_t v = p[i] << 16;
    char c[4] = {B64[v >> 18], B64[v >> 12 & 63], '=', '='};
    out.append(c, 4);
  } else if (i + 2 == n) {
    uint32_t v = p[i] << 16 | p[i + 1] << 8;
    char c[4] = {B64[v >> 18], B64[v >> 12 & 63], B64[v >> 6 & 63], '='};
    out.append(c, 4);
  }
}

// A "nice" slugid: a v4 UUID in URL-safe base64, the first bit cleared.
string slugid(Rng& r) {
  uint8_t b[16];
  uint64_t x = r(), y = r();
  memcpy(b, &x, 8);
  memcpy(b + 8, &y, 8);
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  b[0] &= 0x7f;
  string out(22, 'A');
  size_t o = 0;
  for (size_t i = 0; i < 15; i += 3) {
    uint32_t v = b[i] << 16 | b[i + 1] << 8 | b[i + 2];
    out[o++] = B64URL[v >> 18];
    out[o++] = B64URL[v >> 12 & 63];
    out[o++] = B64URL[v >> 6 & 63];
    out[o++] = B64URL[v & 63];
  }
  out[o++] = B64URL[b[15] >> 2];
  out[o++] = B64URL[(b[15] & 3) << 4];
  return out;
}

string iso_time(time_t t) {
  tm g;
  gmtime_r(&t, &g);
  char buf[80];
  snprintf(buf, sizeof buf, "%04d-%02d-%02dT%02d:%02d:%02d.000Z", g.tm_year + 1900, g.tm_mon + 1,
           g.tm_mday, g.tm_hour, g.tm_min, g.tm_sec);
  return buf;
}

string url_encode(string_view s) {
  string out;
  for (unsigned char c : s) {
    if (isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~')
      out += char(c);
    else {
      char b[4];
      snprintf(b, sizeof b, "%%%02X", c);
      out += b;
    }
  }
  return out;
}

string json_escape(string_view s) {
  string out;
  for (unsigned char c : s) {
    if (c == '"' || c == '\\')
      (out += '\\') += char(c);
    else if (c < 0x20) {
      char b[8];
      snprintf(b, sizeof b, "\\u%04x", c);
      out += b;
    } else
      out += char(c);
  }
  return out;
}

[[noreturn]] void die(const string& why) {
  fprintf(stderr, "troupe_load: %s\n", why.c_str());
  exit(2);
}

// ---------------------------------------------------------------- Hawk

struct HawkKey {  // HMAC-SHA256 key as two SHA-256 midstates
  SHA256_CTX inner{}, outer{};
  HawkKey() = default;
  explicit HawkKey(string_view key) {
    uint8_t k[64] = {0}, pad[64];
    if (key.size() > 64)
      SHA256(reinterpret_cast<const uint8_t*>(key.data()), key.size(), k);
    else
      memcpy(k, key.data(), key.size());
    for (int i = 0; i < 64; i++)
      pad[i] = k[i] ^ 0x36;
    SHA256_Init(&inner);
    SHA256_Update(&inner, pad, 64);
    for (int i = 0; i < 64; i++)
      pad[i] = k[i] ^ 0x5c;
    SHA256_Init(&outer);
    SHA256_Update(&outer, pad, 64);
  }
  std::array<uint8_t, 32> mac(string_view m) const {
    std::array<uint8_t, 32> d;
    SHA256_CTX c = inner;
    SHA256_Update(&c, m.data(), m.size());
    SHA256_Final(d.data(), &c);
    c = outer;
    SHA256_Update(&c, d.data(), 32);
    SHA256_Final(d.data(), &c);
    return d;
  }
};

struct Creds {
  string client_id;
  HawkKey key;
  string ext;  // base64 of {"certificate": ...}, or empty
};

// ---------------------------------------------------------------- a minimal JSON walker

struct Json {
  const char *p, *e;
  bool ok = true;
  explicit Json(string_view s) : p(s.data()), e(s.data() + s.size()) {}
  void ws() {
    while (p < e && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
      ++p;
  }
  bool eat(char c) {
    ws();
    if (p < e && *p == c) {
      ++p;
      return true;
    }
    return false;
  }
  char peek() {
    ws();
    return p < e ? *p : 0;
  }
  string_view raw_string() {  // between the quotes, escapes untouched
    if (!eat('"'))
      return ok = false, string_view{};
    const char* b = p;
    for (;;) {
      const char* q = static_cast<const char*>(memchr(p, '"', size_t(e - p)));
      if (!q)
        return ok = false, string_view{};
      size_t bs = 0;
      while (q - bs > b && q[-1 - ptrdiff_t(bs)] == '\\')
        ++bs;
      p = q + 1;
      if (bs % 2 == 0)
        return {b, size_t(q - b)};
    }
  }
  static string unescape(string_view s) {
    string o;
    o.reserve(s.size());
    for (size_t i = 0; i < s.size(); i++) {
      if (s[i] != '\\' || i + 1 >= s.size()) {
        o += s[i];
        continue;
      }
      char c = s[++i];
      switch (c) {
        case 'n':
          o += '\n';
          break;
        case 't':
          o += '\t';
          break;
        case 'r':
          o += '\r';
          break;
        case 'b':
          o += '\b';
          break;
        case 'f':
          o += '\f';
          break;
        case 'u': {
          unsigned v = unsigned(strtoul(string(s.substr(i + 1, 4)).c_str(), nullptr, 16));
          i += 4;
          if (v < 0x80)
            o += char(v);
          else if (v < 0x800)
            (o += char(0xc0 | v >> 6)) += char(0x80 | (v & 63));
          else
            ((o += char(0xe0 | v >> 12)) += char(0x80 | (v >> 6 & 63))) += char(0x80 | (v & 63));
          break;
        }
        default:
          o += c;
      }
    }
    return o;
  }
  void skip() {
    char c = peek();
    if (c == '"') {
      raw_string();
    } else if (c == '{' || c == '[') {
      int depth = 0;
      do {
        ws();
        if (p >= e) {
          ok = false;
          return;
        }
        char d = *p;
        if (d == '"') {
          raw_string();
          if (!ok)
            return;
          continue;
        }
        if (d == '{' || d == '[')
          ++depth;
        if (d == '}' || d == ']')
          --depth;
        ++p;
      } while (depth);
    } else if (c) {
      while (p < e && *p != ',' && *p != '}' && *p != ']' && *p != ' ' && *p != '\n')
        ++p;
    } else
      ok = false;
  }
  template <class F>
  void object(F f) {  // f(key) must consume the value
    if (!eat('{')) {
      ok = false;
      return;
    }
    if (eat('}'))
      return;
    do {
      auto k = raw_string();
      if (!ok || !eat(':')) {
        ok = false;
        return;
      }
      f(k);
      if (!ok)
        return;
    } while (eat(','));
    if (!eat('}'))
      ok = false;
  }
  template <class F>
  void array(F f) {
    if (!eat('[')) {
      ok = false;
      return;
    }
    if (eat(']'))
      return;
    do {
      f();
      if (!ok)
        return;
    } while (eat(','));
    if (!eat(']'))
      ok = false;
  }
};

// ---------------------------------------------------------------- process accounting

struct TreeUse {
  double cpu_s = 0;
  long rss_kb = 0, pss_kb = 0;
  int procs = 0;
};

TreeUse tree_use(pid_t root, bool mem) {
  struct P {
    pid_t ppid;
    double own, waited;
    long rss_pages;
  };
  std::map<pid_t, P> all;
  static const double hz = double(sysconf(_SC_CLK_TCK));
  DIR* d = opendir("/proc");
  if (!d)
    return {};
  while (dirent* en = readdir(d)) {
    if (!isdigit(en->d_name[0]))
      continue;
    char path[300], buf[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", en->d_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      continue;
    ssize_t n = read(fd, buf, sizeof buf - 1);
    close(fd);
    if (n <= 0)
      continue;
    buf[n] = 0;
    char* r = strrchr(buf, ')');
    if (!r)
      continue;
    long ppid, ut, st, cut, cst, rss;
    if (sscanf(r + 2,
               "%*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld %*d %*d %*d %*d %*u "
               "%*u %ld",
               &ppid, &ut, &st, &cut, &cst, &rss) != 6)
      continue;
    all[pid_t(atoi(en->d_name))] = {pid_t(ppid), double(ut + st) / hz, double(cut + cst) / hz, rss};
  }
  closedir(d);
  TreeUse u;
  std::vector<pid_t> todo{root};
  while (!todo.empty()) {
    pid_t p = todo.back();
    todo.pop_back();
    auto it = all.find(p);
    if (it == all.end())
      continue;
    u.procs++;
    u.cpu_s += it->second.own + it->second.waited;
    u.rss_kb += it->second.rss_pages * (sysconf(_SC_PAGESIZE) / 1024);
    if (mem) {
      char path[64];
      snprintf(path, sizeof path, "/proc/%d/smaps_rollup", int(p));
      if (FILE* f = fopen(path, "r")) {
        char line[256];
        long kb;
        while (fgets(line, sizeof line, f))
          if (sscanf(line, "Pss: %ld kB", &kb) == 1)
            u.pss_kb += kb;
        fclose(f);
      }
    }
    for (auto& [q, v] : all)
      if (v.ppid == p)
        todo.push_back(q);
  }
  return u;
}

struct MachineCpu {
  double busy = 0, steal = 0;
};
MachineCpu machine_cpu() {
  MachineCpu m;
  if (FILE* f = fopen("/proc/stat", "r")) {
    unsigned long long u, n, s, i, w, q, sq, st;
    if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &u, &n, &s, &i, &w, &q, &sq,
               &st) == 8) {
      double hz = double(sysconf(_SC_CLK_TCK));
      m.busy = double(u + n + s + q + sq) / hz;
      m.steal = double(st) / hz;
    }
    fclose(f);
  }
  return m;
}
double self_cpu() {
  rusage r;
  getrusage(RUSAGE_SELF, &r);
  return double(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
         double(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

// ---------------------------------------------------------------- options

struct Options {
  string root_url, client_id, access_token, certificate, connect,
      mode = "lifecycle", path = "/api/queue/v1/ping", label;
  string method = "GET";
  string queue, worker_group = "bench", worker_id = "troupe_load-1", scheduler = "bench";
  int concurrency = 1, batch = 32, group_size = 100, payload_bytes = 2048, verify = 20, retries = 5,
      pollers = 1;
  int gap_ms = 30, jitter_ms = 1000, prefill = 64;
  long tasks = 1000, warmup = 0;
  double max_seconds = 300, rate = 0;
  bool own_creds = false, hash_payload = false;
  uint64_t seed = 0;
  std::vector<std::pair<string, pid_t>> watch;
};

// ---------------------------------------------------------------- the generator

enum Kind { CREATE, CLAIM, COMPLETE, STATUS, RAW, KINDS };
const char* const KIND_NAME[KINDS] = {"create", "claim", "complete", "status", "raw"};

struct Claim {
  string task_id, run_id;
  Creds creds;
};

struct Conn {
  int fd = -1;
  bool busy = false, want_out = false;
  Kind kind{};
  int role = 0;   // handoff mode: 0 poller, 1 creator, 2 completer
  int asked = 0;  // CLAIM: how many tasks were asked for
  int attempts = 0;
  bool used = false;  // this socket has already served a response
  int64_t t0 = 0;
  string task_id, group;
  std::unique_ptr<Claim> claim;
  string out;
  size_t out_off = 0;
  std::vector<char> in;
  size_t in_len = 0, head_len = 0, body_len = 0;
  bool have_head = false, chunked = false, close_after = false;
  int status = 0;
  string chunk_body;
};

struct Stats {
  std::array<std::vector<float>, KINDS> lat;
  std::vector<float> handoff_from_response, handoff_from_request;
  std::map<string, long> errors;
  string first_error;
  long retries = 0, reconnects = 0, requests = 0, claim_calls = 0, claimed = 0, empty_claims = 0;
  long long bytes_in = 0, bytes_out = 0;
};

class Load {
 public:
  explicit Load(Options o)
      : opt(std::move(o)),
        rng(opt.seed ? opt.seed : uint64_t(now_ns()) ^ uint64_t(getpid()) << 32) {
    parse_url();
    own.client_id = opt.client_id;
    own.key = HawkKey(opt.access_token);
    if (!opt.certificate.empty()) {
      string j = "{\"certificate\":" + opt.certificate + "}";
      b64_append(own.ext, reinterpret_cast<const uint8_t*>(j.data()), j.size());
    }
    ep = epoll_create1(EPOLL_CLOEXEC);
    if (opt.queue.empty()) {  // a queue of its own for each run, so that leftovers of another run
                              // do not mix in
      opt.queue = "bench/load-";
      for (int i = 0; i < 8; i++)
        opt.queue += char('a' + rng() % 26);
    }
    build_body();
    claim_path = base_path + "/api/queue/v1/claim-work/" + url_encode(opt.queue);
  }

  int run();

 private:
  Options opt;
  Rng rng;
  string host, port, host_header, base_path;
  sockaddr_in addr{};
  Creds own;
  int ep = -1;
  std::vector<std::unique_ptr<Conn>> conns;
  std::vector<Conn*> idle;
  Stats st;
  string body_head, body_tail, claim_path, norm;

  // work accounting for the present stage
  long target = 0, started = 0, created = 0, create_failed = 0, claimed = 0, asked_outstanding = 0,
       finished = 0;
  std::deque<std::unique_ptr<Claim>> to_complete;
  std::vector<string> known;  // status mode: ids to read; lifecycle: ids for the final check
  string group_id;
  long group_n = 0;
  bool stop = false;
  int64_t deadline_ns = 0, stage_t0 = 0;
  long issued_by_rate = 0;
  string cur_mode;
  // handoff
  std::unordered_map<string, std::pair<int64_t, int64_t>>
      created_at;  // request sent, response received
  std::unordered_map<string, int64_t> claimed_at;
  int64_t next_create = 0;
  long handoff_inflight = 0;

  void parse_url() {
    string u = opt.root_url;
    if (u.rfind("http://", 0) != 0)
      die("--root-url must start with http://");
    u = u.substr(7);
    auto slash = u.find('/');
    string auth = u.substr(0, slash);
    if (slash != string::npos)
      base_path = u.substr(slash);
    while (!base_path.empty() && base_path.back() == '/')
      base_path.pop_back();
    auto colon = auth.rfind(':');
    host = auth.substr(0, colon);
    port = colon == string::npos ? "80" : auth.substr(colon + 1);
    host_header = auth;
    string chost = host, cport = port;
    if (!opt.connect.empty()) {
      auto c = opt.connect.rfind(':');
      chost = opt.connect.substr(0, c);
      cport = opt.connect.substr(c + 1);
    }
    addrinfo hints{}, *res = nullptr;
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(chost.c_str(), cport.c_str(), &hints, &res) || !res)
      die("cannot resolve " + chost);
    memcpy(&addr, res->ai_addr, sizeof addr);
    freeaddrinfo(res);
  }

  // A task definition of about --payload-bytes, shaped like a CI task; only taskGroupId differs
  // between tasks.
  void build_body() {
    time_t t = time(nullptr);
    string b =
        R"(","taskQueueId":")" + opt.queue + R"(","schedulerId":")" + opt.scheduler +
        R"(","projectId":"bench","priority":"low","retries":2,"created":")" + iso_time(t) +
        R"(","deadline":")" + iso_time(t + 3600 * 4) + R"(","expires":")" +
        iso_time(t + 86400 * 2) +
        R"(","dependencies":[],"requires":"all-completed","routes":[],"scopes":[],"payload":{"maxRunTime":3600,)"
        R"("command":[["/bin/bash","-cx","cd checkout && ./mach build && ./mach test --suite unit --chunk 3/8"]],)"
        R"("env":{"CI":"1","MOZ_SCM_LEVEL":"1","GECKO_HEAD_REV":"c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"},)"
        R"("artifacts":[{"name":"public/logs","path":"logs","type":"directory"},)"
        R"({"name":"public/build/target.tar.zst","path":"out/target.tar.zst","type":"file"}],"notes":")";
    string tail =
        R"("},"metadata":{"name":"bench-linux64/opt-unit-3","description":"one task of the load generator",)"
        R"("owner":"bench@example.com","source":"https://example.com/bench/repo/taskcluster/ci"},)"
        R"("tags":{"kind":"test","os":"linux","createdForUser":"bench@example.com"},"extra":{"treeherder":)"
        R"({"symbol":"u3","groupSymbol":"U","machine":{"platform":"linux64"},"collection":{"opt":true}}}})";
    body_head = R"({"taskGroupId":")";
    long fill = opt.payload_bytes - long(body_head.size() + 22 + b.size() + tail.size());
    static const char words[] = "the quick brown fox jumps over the lazy dog 0123456789 ";
    for (long i = 0; i < fill; i++)
      b += words[size_t(i) % (sizeof words - 1)];
    body_tail = b + tail;
  }

  // ---- sockets

  void open_conn(Conn& c) {
    c.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c.fd, reinterpret_cast<sockaddr*>(&addr), sizeof addr) && errno != EINPROGRESS)
      die(string("connect: ") + strerror(errno));
    c.used = false;
    c.want_out = true;  // learn of the connection's completion
    epoll_event ev{};
    ev.events = EPOLLIN | EPOLLOUT;
    ev.data.ptr = &c;
    epoll_ctl(ep, EPOLL_CTL_ADD, c.fd, &ev);
  }
  void close_conn(Conn& c) {
    if (c.fd >= 0)
      close(c.fd);
    c.fd = -1;
  }
  void set_out(Conn& c, bool on) {
    if (c.want_out == on)
      return;
    c.want_out = on;
    epoll_event ev{};
    ev.events = EPOLLIN | (on ? unsigned(EPOLLOUT) : 0u);
    ev.data.ptr = &c;
    epoll_ctl(ep, EPOLL_CTL_MOD, c.fd, &ev);
  }
  void flush(Conn& c) {
    while (c.out_off < c.out.size()) {
      ssize_t n = ::send(c.fd, c.out.data() + c.out_off, c.out.size() - c.out_off, MSG_NOSIGNAL);
      if (n > 0) {
        c.out_off += size_t(n);
        st.bytes_out += n;
      } else if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) {
        set_out(c, true);
        return;
      } else {
        broken(c, "send");
        return;
      }
    }
    set_out(c, false);
  }

  // ---- requests

  void request(Conn& c, string_view method, string_view path, const Creds* cr, string_view b1 = {},
               string_view b2 = {}, string_view b3 = {}) {
    size_t blen = b1.size() + b2.size() + b3.size();
    string& o = c.out;
    o.clear();
    c.out_off = 0;
    o.append(method)
        .append(" ")
        .append(path)
        .append(" HTTP/1.1\r\nHost: ")
        .append(host_header)
        .append("\r\n");
    if (cr && !cr->client_id.empty()) {
      char ts[24], nonce[8];
      int tn = snprintf(ts, sizeof ts, "%lld", static_cast<long long>(time(nullptr)));
      uint64_t r = rng();
      for (char& ch : nonce) {
        ch = B64URL[r & 63];
        r >>= 6;
      }
      norm.assign("hawk.1.header\n")
          .append(ts, size_t(tn))
          .append("\n")
          .append(nonce, 8)
          .append("\n");
      norm.append(method)
          .append("\n")
          .append(path)
          .append("\n")
          .append(host)
          .append("\n")
          .append(port)
          .append("\n");
      string hash;
      if (opt.hash_payload && blen) {
        SHA256_CTX h;
        uint8_t d[32];
        SHA256_Init(&h);
        static const char pre[] = "hawk.1.payload\napplication/json\n";
        SHA256_Update(&h, pre, sizeof pre - 1);
        SHA256_Update(&h, b1.data(), b1.size());
        SHA256_Update(&h, b2.data(), b2.size());
        SHA256_Update(&h, b3.data(), b3.size());
        SHA256_Update(&h, "\n", 1);
        SHA256_Final(d, &h);
        b64_append(hash, d, 32);
      }
      norm.append(hash).append("\n").append(cr->ext).append("\n");
      auto m = cr->key.mac(norm);
      o.append("Authorization: Hawk id=\"")
          .append(cr->client_id)
          .append("\", ts=\"")
          .append(ts, size_t(tn));
      o.append("\", nonce=\"").append(nonce, 8);
      if (!hash.empty())
        o.append("\", hash=\"").append(hash);
      if (!cr->ext.empty())
        o.append("\", ext=\"").append(cr->ext);
      o.append("\", mac=\"");
      b64_append(o, m.data(), m.size());
      o.append("\"\r\n");
    }
    if (blen) {
      char cl[64];
      int n = snprintf(cl, sizeof cl,
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", blen);
      o.append(cl, size_t(n)).append(b1).append(b2).append(b3);
    } else if (method != "GET") {
      o.append("Content-Length: 0\r\n\r\n");
    } else {
      o.append("\r\n");
    }
    c.busy = true;
    c.in_len = 0;
    c.have_head = false;
    c.chunk_body.clear();
    st.requests++;
    if (!c.t0)
      c.t0 = now_ns();
    if (c.fd < 0)
      open_conn(c);
    flush(c);
  }

  void send_op(Conn& c) {  // (re)issue the operation recorded in c
    switch (c.kind) {
      case CREATE:
        request(c, "PUT", base_path + "/api/queue/v1/task/" + c.task_id, &own, body_head, c.group,
                body_tail);
        break;
      case CLAIM: {
        char b[256];
        int n = snprintf(b, sizeof b, R"({"tasks":%d,"workerGroup":"%s","workerId":"%s"})", c.asked,
                         opt.worker_group.c_str(), opt.worker_id.c_str());
        request(c, "POST", claim_path, &own, string_view(b, size_t(n)));
        break;
      }
      case COMPLETE:
        request(c, "POST",
                base_path + "/api/queue/v1/task/" + c.claim->task_id + "/runs/" + c.claim->run_id +
                    "/completed",
                opt.own_creds ? &own : &c.claim->creds, "{}");
        break;
      case STATUS:
        request(c, "GET", base_path + "/api/queue/v1/task/" + c.task_id + "/status", &own);
        break;
      case RAW:
        if (opt.method == "GET")
          request(c, "GET", base_path + opt.path, nullptr);
        else
          request(c, opt.method, base_path + opt.path, nullptr, body_head, group_id, body_tail);
        break;
      default:
        break;
    }
  }

  void start(Conn& c, Kind k, int64_t t0 = 0) {
    c.kind = k;
    c.attempts = 0;
    c.t0 = t0;
    send_op(c);
  }
  void start_create(Conn& c, int64_t t0 = 0) {
    if (group_n++ % std::max(1, opt.group_size) == 0)
      group_id = slugid(rng);
    c.group = group_id;
    c.task_id = slugid(rng);
    started++;
    start(c, CREATE, t0);
  }

  // ---- the scheduling policy: what a free connection does next

  bool dispatch(Conn& c) {
    if (stop)
      return false;
    if (cur_mode == "handoff")
      return dispatch_handoff(c);
    int64_t due = 0;
    if (opt.rate > 0 &&
        cur_mode != "lifecycle") {  // open loop: take the next due slot, if one is due
      if (started >= target)
        return false;
      due = stage_t0 + int64_t(double(started) * 1e9 / opt.rate);
      if (due > now_ns())
        return false;
    }
    if (cur_mode == "create") {
      if (started >= target)
        return false;
      start_create(c, due);
      return true;
    }
    if (cur_mode == "status" || cur_mode == "raw") {
      if (started >= target)
        return false;
      if (cur_mode == "status") {
        c.task_id = known[size_t(started) % known.size()];
        started++;
        start(c, STATUS, due);
      } else {
        started++;
        start(c, RAW, due);
      }
      return true;
    }
    // lifecycle (and the claim/complete half of "drain")
    if (!to_complete.empty()) {
      c.claim = std::move(to_complete.front());
      to_complete.pop_front();
      start(c, COMPLETE);
      return true;
    }
    long avail = created - claimed - asked_outstanding;
    bool no_more = started >= target;
    bool creates_done = created + create_failed >= target;
    if (avail >= opt.batch || (creates_done && avail > 0)) {
      c.asked = int(std::min<long>(opt.batch, avail));
      asked_outstanding += c.asked;
      st.claim_calls++;
      start(c, CLAIM);
      return true;
    }
    if (!no_more) {
      start_create(c);
      return true;
    }
    return false;
  }
  void kick() {
    if (cur_mode == "handoff") {  // roles differ: ask every idle connection
      std::vector<Conn*> all;
      all.swap(idle);
      for (Conn* c : all)
        if (!dispatch(*c))
          idle.push_back(c);
      return;
    }
    while (!idle.empty()) {
      Conn* c = idle.back();
      idle.pop_back();
      if (!dispatch(*c)) {
        idle.push_back(c);
        break;
      }
    }
  }
  bool stage_done() const {
    if (cur_mode == "lifecycle")
      return finished + create_failed >= target;
    if (cur_mode == "handoff")
      return finished >= target;
    return finished >= target;
  }

  // ---- handoff mode

  bool dispatch_handoff(Conn& c) {
    if (c.role == 0) {
      c.asked = 1;
      st.claim_calls++;
      start(c, CLAIM);
      return true;
    }
    if (c.role == 2 && !to_complete.empty()) {
      c.claim = std::move(to_complete.front());
      to_complete.pop_front();
      start(c, COMPLETE);
      return true;
    }
    return false;  // the creator is started by the clock
  }
  void handoff_clock() {
    if (stop || handoff_inflight || started >= target)
      return;
    int64_t t = now_ns();
    if (!next_create)
      next_create = t + int64_t((opt.gap_ms + rng.unit() * opt.jitter_ms) * 1e6);
    if (t < next_create)
      return;
    for (size_t i = 0; i < idle.size(); i++)
      if (idle[i]->role == 1) {
        Conn* c = idle[i];
        idle.erase(idle.begin() + ptrdiff_t(i));
        handoff_inflight++;
        next_create = 0;
        start_create(*c);
        created_at[c->task_id] = {c->t0, 0};
        return;
      }
  }
  void handoff_pair(const string& id) {
    auto a = created_at.find(id);
    auto b = claimed_at.find(id);
    if (a == created_at.end() || b == claimed_at.end() || !a->second.second)
      return;
    st.handoff_from_response.push_back(float(double(b->second - a->second.second) / 1e3));
    st.handoff_from_request.push_back(float(double(b->second - a->second.first) / 1e3));
    created_at.erase(a);
    claimed_at.erase(b);
  }

  // ---- responses

  void broken(Conn& c, const char* what) {
    close_conn(c);
    if (!c.busy)
      return;
    // A keep-alive connection the server closed between requests is normal; anything else is
    // counted.
    if (!(c.used && c.in_len == 0))
      st.errors[string("connection-") + what]++;
    st.reconnects++;
    if (++c.attempts > opt.retries)
      die("connection keeps failing: " + string(what));
    c.used = false;
    send_op(c);
  }

  void readable(Conn& c) {
    for (;;) {
      if (c.in.size() - c.in_len < 16384)
        c.in.resize(std::max<size_t>(65536, c.in.size() * 2));
      ssize_t n = recv(c.fd, c.in.data() + c.in_len, c.in.size() - c.in_len, 0);
      if (n == 0) {
        if (!c.busy) {
          close_conn(c);
          return;
        }
        broken(c, "closed");
        return;
      }
      if (n < 0) {
        if (errno == EAGAIN)
          return;
        broken(c, "recv");
        return;
      }
      c.in_len += size_t(n);
      st.bytes_in += n;
      if (!c.busy)
        continue;  // stray bytes
      if (parse(c))
        return;
      if (size_t(n) < 4096)
        return;  // level-triggered: come back when more arrives
    }
  }

  // true when a whole response was handled (the connection may already carry its next request)
  bool parse(Conn& c) {
    if (!c.have_head) {
      string_view v(c.in.data(), c.in_len);
      auto end = v.find("\r\n\r\n");
      if (end == string_view::npos)
        return false;
      c.have_head = true;
      c.head_len = end + 4;
      c.body_len = 0;
      c.chunked = c.close_after = false;
      c.status = v.size() > 12 ? atoi(v.data() + 9) : 0;
      size_t i = v.find("\r\n") + 2;
      while (i < end) {
        size_t j = v.find("\r\n", i);
        string_view line = v.substr(i, j - i);
        i = j + 2;
        if (line.size() > 15 && strncasecmp(line.data(), "content-length:", 15) == 0)
          c.body_len = size_t(strtoul(line.data() + 15, nullptr, 10));
        else if (line.size() > 18 && strncasecmp(line.data(), "transfer-encoding:", 18) == 0)
          c.chunked = true;
        else if (line.size() > 11 && strncasecmp(line.data(), "connection:", 11) == 0)
          c.close_after = line.find("close") != string_view::npos;
      }
    }
    if (!c.chunked) {
      if (c.in_len < c.head_len + c.body_len)
        return false;
      respond(c, string_view(c.in.data() + c.head_len, c.body_len));
      return true;
    }
    // chunked: decode from scratch each time (responses of this size are rare)
    c.chunk_body.clear();
    size_t i = c.head_len;
    for (;;) {
      string_view v(c.in.data(), c.in_len);
      auto j = v.find("\r\n", i);
      if (j == string_view::npos)
        return false;
      size_t n = size_t(strtoul(v.data() + i, nullptr, 16));
      if (c.in_len < j + 2 + n + 2)
        return false;
      if (n == 0)
        break;
      c.chunk_body.append(v.substr(j + 2, n));
      i = j + 2 + n + 2;
    }
    respond(c, c.chunk_body);
    return true;
  }

  void respond(Conn& c, string_view body) {
    int64_t t1 = now_ns();
    c.busy = false;
    c.used = true;
    if (c.close_after)
      close_conn(c);
    bool ok = c.status >= 200 && c.status < 300;
    if (!ok) {
      st.errors[string(KIND_NAME[c.kind]) + "-" + std::to_string(c.status)]++;
      if (st.first_error.empty())
        st.first_error = string(body.substr(0, 600));
      if (c.status >= 500 && c.attempts < opt.retries) {
        c.attempts++;
        st.retries++;
        send_op(c);
        return;
      }
    }
    if (ok)
      st.lat[c.kind].push_back(float(double(t1 - c.t0) / 1e3));
    switch (c.kind) {
      case CREATE:
        if (ok) {
          created++;
          if (cur_mode == "create")
            finished++;
          if (cur_mode == "handoff") {
            created_at[c.task_id].second = t1;
            handoff_pair(c.task_id);
          } else if (known.size() < 100000)
            known.push_back(c.task_id);
        } else {
          create_failed++;
          if (cur_mode == "create")
            finished++;
          if (cur_mode == "handoff")
            die("createTask failed: " + st.first_error);
        }
        break;
      case CLAIM: {
        asked_outstanding -= cur_mode == "handoff" ? 0 : c.asked;
        long n = ok ? take_claims(body, t1) : 0;
        if (!n)
          st.empty_claims++;
        if (!ok && st.errors["claim-" + std::to_string(c.status)] > 50)
          die("claimWork keeps failing: " + st.first_error);
        break;
      }
      case COMPLETE:
        finished++;
        c.claim.reset();
        break;
      case STATUS:
      case RAW:
        finished++;
        break;
      default:
        break;
    }
    c.t0 = 0;
    if (!dispatch(c))
      idle.push_back(&c);
    kick();
  }

  long take_claims(string_view body, int64_t t1) {
    Json j(body);
    long n = 0;
    j.object([&](string_view k) {
      if (k != "tasks")
        return j.skip();
      j.array([&] {
        auto cl = std::make_unique<Claim>();
        string token, cert;
        j.object([&](string_view k2) {
          if (k2 == "status")
            j.object([&](string_view k3) {
              if (k3 == "taskId")
                cl->task_id = string(j.raw_string());
              else
                j.skip();
            });
          else if (k2 == "runId") {
            const char* b = (j.ws(), j.p);
            j.skip();
            cl->run_id.assign(b, size_t(j.p - b));
          } else if (k2 == "credentials")
            j.object([&](string_view k3) {
              if (k3 == "clientId")
                cl->creds.client_id = Json::unescape(j.raw_string());
              else if (k3 == "accessToken")
                token = Json::unescape(j.raw_string());
              else if (k3 == "certificate" && j.peek() == '"')
                cert = Json::unescape(j.raw_string());
              else
                j.skip();
            });
          else
            j.skip();
        });
        if (!j.ok || cl->task_id.empty())
          return;
        if (!opt.own_creds) {
          cl->creds.key = HawkKey(token);
          if (!cert.empty()) {
            string e = "{\"certificate\":" + cert + "}";
            b64_append(cl->creds.ext, reinterpret_cast<const uint8_t*>(e.data()), e.size());
          }
        }
        if (cur_mode == "handoff") {
          claimed_at[cl->task_id] = t1;
          handoff_pair(cl->task_id);
          handoff_inflight--;
        }
        to_complete.push_back(std::move(cl));
        n++;
        claimed++;
        st.claimed++;
      });
    });
    if (!j.ok) {
      st.errors["claim-unparsed"]++;
      if (st.first_error.empty())
        st.first_error = string(body.substr(0, 600));
    }
    return n;
  }

  void stage(const string& mode, long n) {
    cur_mode = mode;
    target = n;
    started = created = create_failed = claimed = asked_outstanding = finished = 0;
    to_complete.clear();
    stop = false;
    stage_t0 = now_ns();
    deadline_ns = stage_t0 + int64_t(opt.max_seconds * 1e9);
    idle.clear();
    for (auto& c : conns)
      if (!c->busy)
        idle.push_back(c.get());  // (handoff mode keeps its parked calls between stages)
    {
      auto all = idle;
      idle.clear();
      for (Conn* c : all)
        if (!dispatch(*c))
          idle.push_back(c);
    }
    std::array<epoll_event, 256> evs;
    while (!stage_done()) {
      int64_t wait_ns = 1'000'000'000;
      if (mode == "handoff") {
        handoff_clock();
        if (next_create)
          wait_ns = next_create - now_ns();
      } else if (opt.rate > 0 && mode != "lifecycle" && started < target && !idle.empty()) {
        kick();
        wait_ns = stage_t0 + int64_t(double(started) * 1e9 / opt.rate) - now_ns();
      }
      wait_ns = std::clamp<int64_t>(wait_ns, 0, 1'000'000'000);
      timespec ts{wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
      int k = epoll_pwait2(ep, evs.data(), int(evs.size()), &ts, nullptr);
      for (int i = 0; i < k; i++) {
        Conn& c = *static_cast<Conn*>(evs[size_t(i)].data.ptr);
        if (c.fd < 0)
          continue;
        if (evs[size_t(i)].events & EPOLLOUT) {
          if (c.busy && c.out_off < c.out.size())
            flush(c);
          else
            set_out(c, false);
        }
        if (c.fd >= 0 && evs[size_t(i)].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
          readable(c);
      }
      if (now_ns() > deadline_ns) {
        st.errors["time-limit"]++;
        break;
      }
    }
    stop = true;
  }
  void drop_conns() {
    for (auto& c : conns)
      close_conn(*c), c->busy = false;
  }
  void make_conns(int n) {
    conns.clear();
    for (int i = 0; i < n; i++)
      conns.push_back(std::make_unique<Conn>());
  }

  // One blocking status read, for the final check.
  string status_of(const string& id) {
    Conn c;
    c.kind = STATUS;
    c.task_id = id;
    string result = "no-answer";
    c.busy = false;
    request(c, "GET", base_path + "/api/queue/v1/task/" + id + "/status", &own);
    fcntl(c.fd, F_SETFL, fcntl(c.fd, F_GETFL) & ~O_NONBLOCK);
    epoll_ctl(ep, EPOLL_CTL_DEL, c.fd, nullptr);
    timeval tv{5, 0};
    setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    while (c.out_off < c.out.size()) {
      ssize_t n = ::send(c.fd, c.out.data() + c.out_off, c.out.size() - c.out_off, MSG_NOSIGNAL);
      if (n <= 0)
        break;
      c.out_off += size_t(n);
    }
    string in;
    char buf[16384];
    for (;;) {
      ssize_t n = recv(c.fd, buf, sizeof buf, 0);
      if (n <= 0)
        break;
      in.append(buf, size_t(n));
      auto h = in.find("\r\n\r\n");
      if (h == string::npos)
        continue;
      auto cl = in.find("ontent-Length:");
      if (cl == string::npos)
        cl = in.find("ontent-length:");
      if (cl != string::npos && in.size() < h + 4 + strtoul(in.c_str() + cl + 14, nullptr, 10))
        continue;
      Json j(string_view(in).substr(h + 4));
      j.object([&](string_view k) {
        if (k != "status")
          return j.skip();
        j.object([&](string_view k2) {
          if (k2 == "state")
            result = string(j.raw_string());
          else
            j.skip();
        });
      });
      break;
    }
    close_conn(c);
    return result;
  }
};

void percentiles(string& o, const char* name, std::vector<float> v, double scale = 1) {
  if (v.empty())
    return;
  std::sort(v.begin(), v.end());
  double sum = 0;
  for (float f : v)
    sum += f;
  auto at = [&](double q) {
    return double(v[std::min(v.size() - 1, size_t(q * double(v.size())))]) * scale;
  };
  char b[400];
  snprintf(b, sizeof b,
           "\"%s\":{\"n\":%zu,\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,"
           "\"min\":%.1f,\"max\":%.1f},",
           name, v.size(), sum / double(v.size()) * scale, at(.5), at(.9), at(.99), at(.999),
           double(v.front()) * scale, double(v.back()) * scale);
  o += b;
}

int Load::run() {
  int n = opt.concurrency;
  if (opt.mode == "handoff")
    n = opt.pollers + 2;
  make_conns(n);
  if (opt.mode == "handoff") {
    for (int i = 0; i < opt.pollers; i++)
      conns[size_t(i)]->role = 0;
    conns[size_t(opt.pollers)]->role = 1;
    conns[size_t(opt.pollers) + 1]->role = 2;
  }
  if (opt.mode == "raw")
    group_id = slugid(rng);
  if (opt.mode == "status") {
    double r = opt.rate;
    opt.rate = 0;
    stage("create", opt.prefill);
    opt.rate = r;
    if (known.empty())
      die("status mode: no task could be created: " + st.first_error);
  }
  if (opt.warmup > 0)
    stage(opt.mode, opt.warmup);
  if (opt.mode != "status")
    known.clear();
  st = Stats{};
  handoff_inflight = 0;
  created_at.clear();
  claimed_at.clear();

  std::vector<TreeUse> w0, w1;
  for (auto& [name, pid] : opt.watch)
    w0.push_back(tree_use(pid, false));
  MachineCpu m0 = machine_cpu();
  double c0 = self_cpu();
  int64_t t0 = now_ns();
  stage(opt.mode, opt.tasks);
  int64_t t1 = now_ns();
  double c1 = self_cpu();
  MachineCpu m1 = machine_cpu();
  for (auto& [name, pid] : opt.watch)
    w1.push_back(tree_use(pid, true));

  std::map<string, long> verified;
  if (opt.mode == "lifecycle" && opt.verify > 0 && !known.empty()) {
    Stats keep = st;
    for (int i = 0; i < opt.verify; i++)
      verified[status_of(known[rng() % known.size()])]++;
    st = keep;
  }
  drop_conns();

  double secs = double(t1 - t0) / 1e9;
  long done = finished;
  string o = "{\"tool\":\"troupe_load\"";
  char b[700];
  if (!opt.label.empty())
    o += ",\"label\":\"" + json_escape(opt.label) + "\"";
  double la[3] = {0, 0, 0};
  getloadavg(la, 3);
  snprintf(b, sizeof b,
           ",\"mode\":\"%s\",\"root_url\":\"%s\",\"concurrency\":%d,\"batch\":%d,\"payload_bytes\":"
           "%d,\"group_size\":%d,"
           "\"tasks\":%ld,\"done\":%ld,\"create_failed\":%ld,\"seconds\":%.4f,\"tasks_per_s\":%.1f,"
           "\"requests\":%ld,"
           "\"requests_per_s\":%.1f,\"retries\":%ld,\"reconnects\":%ld,\"mean_claim_batch\":%.2f,"
           "\"empty_claims\":%ld,",
           opt.mode.c_str(), json_escape(opt.root_url).c_str(), opt.concurrency, opt.batch,
           opt.payload_bytes, opt.group_size, opt.tasks, done, create_failed, secs,
           double(done) / secs, st.requests, double(st.requests) / secs, st.retries, st.reconnects,
           st.claim_calls ? double(st.claimed) / double(st.claim_calls) : 0.0, st.empty_claims);
  o += b;
  if (opt.rate > 0) {
    snprintf(b, sizeof b, "\"offered_rate\":%.1f,", opt.rate);
    o += b;
  }
  o += "\"errors\":{";
  bool first = true;
  for (auto& [k, v] : st.errors) {
    if (!v)
      continue;
    if (!first)
      o += ',';
    first = false;
    o += "\"" + json_escape(k) + "\":" + std::to_string(v);
  }
  o += "},";
  if (!st.first_error.empty())
    o += "\"first_error\":\"" + json_escape(st.first_error) + "\",";
  if (!verified.empty()) {
    o += "\"verified_states\":{";
    first = true;
    for (auto& [k, v] : verified) {
      if (!first)
        o += ',';
      first = false;
      o += "\"" + json_escape(k) + "\":" + std::to_string(v);
    }
    o += "},";
  }
  o += "\"latency_us\":{";
  for (int k = 0; k < KINDS; k++)
    percentiles(o, KIND_NAME[k], st.lat[size_t(k)]);
  percentiles(o, "handoff_from_create_response", st.handoff_from_response);
  percentiles(o, "handoff_from_create_request", st.handoff_from_request);
  if (o.back() == ',')
    o.pop_back();
  double watched = 0;
  o += "},\"watch\":{";
  for (size_t i = 0; i < opt.watch.size(); i++) {
    double d = w1[i].cpu_s - w0[i].cpu_s;
    watched += d;
    snprintf(b, sizeof b,
             "%s\"%s\":{\"cpu_s\":%.2f,\"cpu_us_per_task\":%.1f,\"procs\":%d,\"rss_mb\":%.1f,\"pss_"
             "mb\":%.1f}",
             i ? "," : "", json_escape(opt.watch[i].first).c_str(), d,
             done ? d * 1e6 / double(done) : 0, w1[i].procs, double(w1[i].rss_kb) / 1024,
             double(w1[i].pss_kb) / 1024);
    o += b;
  }
  snprintf(
      b, sizeof b,
      "},\"watched_cpu_us_per_task\":%.1f,\"client_cpu_s\":%.3f,\"client_cpu_us_per_request\":%.2f,"
      "\"machine_busy_cpu_s\":%.2f,\"other_cpu_s\":%.2f,\"steal_s\":%.2f,\"mb_in\":%.1f,\"mb_out\":"
      "%.1f,"
      "\"loadavg\":[%.2f,%.2f,%.2f],\"unix_time\":%lld}",
      done ? watched * 1e6 / double(done) : 0, c1 - c0,
      st.requests ? (c1 - c0) * 1e6 / double(st.requests) : 0, m1.busy - m0.busy,
      m1.busy - m0.busy - watched - (c1 - c0), m1.steal - m0.steal, double(st.bytes_in) / 1e6,
      double(st.bytes_out) / 1e6, la[0], la[1], la[2], static_cast<long long>(time(nullptr)));
  o += b;
  puts(o.c_str());
  bool bad = done < opt.tasks - create_failed || create_failed;
  for (auto& [k, v] : verified)
    if (k != "completed")
      bad = true;
  return bad ? 1 : 0;
}

const char USAGE[] =
    "usage: troupe_load --root-url http://HOST:PORT --client-id ID --access-token TOKEN [options]\n"
    "  --mode M            lifecycle (default) | create | status | handoff | raw\n"
    "  --concurrency N     requests in flight, one connection each (1)\n"
    "  --tasks N           tasks (or requests, in status/raw mode) to do (1000)\n"
    "  --warmup N          uncounted tasks first (0)\n"
    "  --max-seconds S     give up after this long (300)\n"
    "  --batch N           tasks asked for in one claimWork (32)\n"
    "  --group-size N      tasks sharing one taskGroupId (100)\n"
    "  --payload-bytes N   size of a task definition (2048)\n"
    "  --queue P/W         taskQueueId (a fresh one)       --worker-group, --worker-id, "
    "--scheduler\n"
    "  --own-creds         report with the caller's credentials, not each claim's temporary ones\n"
    "  --hash-payload      put a payload hash in the Hawk header\n"
    "  --certificate JSON  certificate, where the credentials are temporary\n"
    "  --rate R            open loop: R requests a second (create, status, raw)\n"
    "  --pollers N --gap-ms G --jitter-ms J   handoff: parked claimWork calls, pause before each "
    "create (1, 30, 1000)\n"
    "  --method M --path P raw: what to send, unsigned (GET /api/queue/v1/ping); non-GET carries a "
    "task body\n"
    "  --prefill N         status: tasks to create and then read in turn (64)\n"
    "  --verify N          lifecycle: read this many tasks back at the end (20)\n"
    "  --connect H:P       connect here instead of the root URL's host and port\n"
    "  --watch NAME=PID,.. report CPU and memory of these process trees (repeatable)\n"
    "  --retries N  --seed N  --label TEXT\n";

}  // namespace

int main(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; i++) {
    string a = argv[i];
    auto val = [&]() -> string {
      if (++i >= argc)
        die("missing value for " + a);
      return argv[i];
    };
    if (a == "--root-url")
      o.root_url = val();
    else if (a == "--client-id")
      o.client_id = val();
    else if (a == "--access-token")
      o.access_token = val();
    else if (a == "--certificate")
      o.certificate = val();
    else if (a == "--connect")
      o.connect = val();
    else if (a == "--mode")
      o.mode = val();
    else if (a == "--path")
      o.path = val();
    else if (a == "--method")
      o.method = val();
    else if (a == "--label")
      o.label = val();
    else if (a == "--queue")
      o.queue = val();
    else if (a == "--worker-group")
      o.worker_group = val();
    else if (a == "--worker-id")
      o.worker_id = val();
    else if (a == "--scheduler")
      o.scheduler = val();
    else if (a == "--concurrency")
      o.concurrency = std::max(1, atoi(val().c_str()));
    else if (a == "--batch")
      o.batch = std::max(1, atoi(val().c_str()));
    else if (a == "--group-size")
      o.group_size = atoi(val().c_str());
    else if (a == "--payload-bytes")
      o.payload_bytes = atoi(val().c_str());
    else if (a == "--verify")
      o.verify = atoi(val().c_str());
    else if (a == "--retries")
      o.retries = atoi(val().c_str());
    else if (a == "--pollers")
      o.pollers = std::max(1, atoi(val().c_str()));
    else if (a == "--gap-ms")
      o.gap_ms = atoi(val().c_str());
    else if (a == "--jitter-ms")
      o.jitter_ms = atoi(val().c_str());
    else if (a == "--prefill")
      o.prefill = std::max(1, atoi(val().c_str()));
    else if (a == "--tasks")
      o.tasks = atol(val().c_str());
    else if (a == "--warmup")
      o.warmup = atol(val().c_str());
    else if (a == "--max-seconds")
      o.max_seconds = atof(val().c_str());
    else if (a == "--rate")
      o.rate = atof(val().c_str());
    else if (a == "--seed")
      o.seed = strtoull(val().c_str(), nullptr, 10);
    else if (a == "--own-creds")
      o.own_creds = true;
    else if (a == "--hash-payload")
      o.hash_payload = true;
    else if (a == "--watch") {
      string v = val();
      for (size_t p = 0; p < v.size();) {
        size_t c = std::min(v.find(',', p), v.size());
        string item = v.substr(p, c - p);
        auto eq = item.find('=');
        if (eq == string::npos)
          die("--watch wants NAME=PID");
        o.watch.emplace_back(item.substr(0, eq), pid_t(atoi(item.c_str() + eq + 1)));
        p = c + 1;
      }
    } else {
      fputs(USAGE, stderr);
      return 2;
    }
  }
  static const std::set<string> modes{"lifecycle", "create", "status", "handoff", "raw"};
  if (o.root_url.empty() || !modes.count(o.mode)) {
    fputs(USAGE, stderr);
    return 2;
  }
  return Load(std::move(o)).run();
}
