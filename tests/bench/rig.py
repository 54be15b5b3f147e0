"""The server under measurement: a private Redis and the real binary, on loopback only."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

TOKEN = "token-of-the-benchmark-client-0123456789abcd"
CLIENT = "static/taskcluster/root"


def slugid():
    return base64.urlsafe_b64encode(bytes([uuid.uuid4().bytes[0] & 0x7F]) + uuid.uuid4().bytes[1:]) \
        .decode().rstrip("=")


class Rig:
    def __init__(self, build, fsync):
        self.build = build.resolve()  # a task starts the tool from a directory of its own
        self.dir = tempfile.TemporaryDirectory(prefix="troupe-bench-")
        self.data = self.dir.name + "/data"
        self.socket = self.dir.name + "/redis.sock"
        os.mkdir(self.dir.name + "/redis")
        self.redis = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir",
             self.dir.name + "/redis", "--save", "", "--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-min-size", "256mb",
             "--zset-max-ziplist-entries", "16"],
            stdout=subprocess.DEVNULL)
        self.server = None
        while not os.path.exists(self.socket):
            if self.redis.poll() is not None:
                sys.exit(f"redis-server ended with {self.redis.returncode}")
            time.sleep(0.01)
        self.config = self.dir.name + "/config.yml"
        with open(self.config, "w") as f:
            json.dump({"static-clients": [{"clientId": CLIENT, "accessToken": TOKEN,
                                           "scopes": ["*"], "description": "bench"}]}, f)
        try:
            self.start()
        except BaseException:
            self.close()  # a Redis without its benchmark would stay for ever
            raise

    def start(self, lanes=0):
        info = pathlib.Path(self.data) / "up.json"
        info.unlink(missing_ok=True)
        self.log = open(self.dir.name + "/server.log", "a")
        began = time.time()
        self.server = subprocess.Popen(
            [str(self.build / "app/troupe"), "serve", "--redis", "unix:" + self.socket, "--data",
             self.data, "--config", self.config, "--http-port", "0", "--zmq-pub-port", "0",
             "--zmq-router-port", "0", "--caf-port", "0", "--metrics-port", "0",
             "--anonymous-scopes", "web:read-pulse", "--log-format", "json", "--lanes", str(lanes)], stdout=self.log, stderr=self.log)
        while not info.exists() or not info.read_text().strip():
            if self.server.poll() is not None:
                sys.exit("the server did not start:\n" + open(self.log.name).read())
            time.sleep(0.001)
        self.info = json.loads(info.read_text())
        self.url = self.info["rootUrl"]
        self.call("GET", "/api/queue/v1/ping")
        return time.time() - began

    def kill_server(self):
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    def start_empty(self):
        """A new server that knows of nothing."""
        self.redis_do("FLUSHALL")
        self.kill_server()
        return self.start()

    def close(self):
        if self.server:
            self.server.terminate()
            self.server.wait()
        self.redis.kill()
        self.redis.wait()
        self.dir.cleanup()

    def worker(self, queue, *more, name="bench-worker", remote=False):
        """Starts a worker of a queue, by HTTP or by the CAF port; terminate() lets it end."""
        env = {**os.environ, "TASKCLUSTER_CLIENT_ID": CLIENT, "TASKCLUSTER_ACCESS_TOKEN": TOKEN}
        env.pop("TASKCLUSTER_ROOT_URL", None)
        if remote:
            more += ("--connect", self.info["cafAddress"], "--tls", self.data + "/tls")
        else:
            env["TASKCLUSTER_ROOT_URL"] = self.url
        return subprocess.Popen(
            [str(self.build / "app/troupe"), "worker", "--queue", queue, "--group", "bench", "--id",
             name, "--work-dir", f"{self.dir.name}/work-{name}", *more],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=env)

    def tool(self):
        return str(self.build / "tests/bench/troupe_load")

    def load(self, watch=(), **options):
        """Runs the load generator, and gives what it reports."""
        watched = {"server": self.server.pid, "redis": self.redis.pid, **dict(watch)}
        args = [self.tool(), "--root-url", self.url, "--client-id", CLIENT, "--access-token", TOKEN,
                "--watch", ",".join(f"{name}={pid}" for name, pid in watched.items())]
        for key, value in options.items():
            args += ["--" + key.replace("_", "-"), str(value)]
        out = subprocess.run(args, capture_output=True, text=True)
        if not out.stdout:
            sys.exit("the load generator failed: " + out.stderr)
        return json.loads(out.stdout)

    def fill(self, tasks, **options):
        """Creates tasks that stay; a figure about them is void where one of them is missing."""
        result = self.load(mode="create", concurrency=64, tasks=tasks, max_seconds=1800, **options)
        if result["create_failed"] or result["done"] < tasks:
            sys.exit(f"only {result['done']} of {tasks} tasks could be created: {result['errors']}")
        return result

    def settled_rss_mb(self):
        """RSS of the server right after what it did, and when tasks that wait have gone to rest."""
        at_once = self.rss_mb(self.server.pid)
        time.sleep(40)
        return at_once, self.rss_mb(self.server.pid)

    def connection(self):
        return http.client.HTTPConnection(urllib.parse.urlparse(self.url).netloc)

    def authorization(self, verb, path):
        """The header of a request by the root client."""
        where = urllib.parse.urlparse(self.url)
        ts, nonce = str(int(time.time())), uuid.uuid4().hex[:6]
        text = f"hawk.1.header\n{ts}\n{nonce}\n{verb}\n{path}\n{where.hostname}\n{where.port}\n\n\n"
        mac = base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha256).digest())
        return {"Authorization": f'Hawk id="{CLIENT}", ts="{ts}", nonce="{nonce}", '
                                 f'mac="{mac.decode()}"'}

    def call(self, verb, path, body=None, connection=None):
        headers = self.authorization(verb, path)
        data = None
        if body is not None:
            data = body if isinstance(body, str) else json.dumps(body)
            headers["Content-Type"] = "application/json"
        connection = connection or self.connection()
        connection.request(verb, path, data, headers)
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            sys.exit(f"{verb} {path}: {response.status} {text[:400]}")
        return json.loads(text)

    def rss_mb(self, pid):
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0

    def redis_info(self, field):
        out = subprocess.run(["redis-cli", "-s", self.socket, "info", "memory"],
                             capture_output=True, text=True).stdout
        for line in out.splitlines():
            if line.startswith(field + ":"):
                return float(line.split(":")[1])
        return 0.0

    def redis_do(self, *words):
        return subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True,
                              text=True).stdout.strip()


def cpu_s(pid):
    parts = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def definition(queue, **more):
    now = time.time()
    stamp = lambda t: time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t))
    return {"taskQueueId": queue, "schedulerId": "bench", "created": stamp(now),
            "deadline": stamp(now + 3600), "payload": {"filler": "x" * 1500},
            "metadata": {"name": "bench", "description": "d", "owner": "a@example.com",
                         "source": "https://example.com"}, **more}
