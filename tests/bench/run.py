#!/usr/bin/env python3
"""Measures the server: starts a private Redis and the real binary, loads it, prints one JSON line a
figure and a table at the end. Everything talks to loopback only and ends by itself."""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
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
        self.build = build
        self.dir = tempfile.TemporaryDirectory(prefix="troupe-bench-")
        self.data = self.dir.name + "/data"
        self.socket = self.dir.name + "/redis.sock"
        os.mkdir(self.dir.name + "/redis")
        self.redis = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir",
             self.dir.name + "/redis", "--save", "", "--appendonly", "yes", "--appendfsync", fsync],
            stdout=subprocess.DEVNULL)
        while not os.path.exists(self.socket):
            time.sleep(0.01)
        self.config = self.dir.name + "/config.yml"
        with open(self.config, "w") as f:
            json.dump({"static-clients": [{"clientId": CLIENT, "accessToken": TOKEN,
                                           "scopes": ["*"], "description": "bench"}]}, f)
        self.start()

    def start(self, lanes=0):
        info = pathlib.Path(self.data) / "up.json"
        info.unlink(missing_ok=True)
        self.log = open(self.dir.name + "/server.log", "a")
        began = time.time()
        self.server = subprocess.Popen(
            [str(self.build / "app/troupe"), "serve", "--redis", "unix:" + self.socket, "--data",
             self.data, "--config", self.config, "--http-port", "0", "--zmq-pub-port", "0",
             "--zmq-router-port", "0", "--caf-port", "0", "--metrics-port", "0",
             "--log-format", "json", "--lanes", str(lanes)], stdout=self.log, stderr=self.log)
        while not info.exists() or not info.read_text().strip():
            if self.server.poll() is not None:
                sys.exit("the server did not start:\n" + open(self.log.name).read())
            time.sleep(0.001)
        self.url = json.loads(info.read_text())["rootUrl"]
        self.call("GET", "/api/queue/v1/ping")
        return time.time() - began

    def kill_server(self):
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    def close(self):
        self.server.terminate()
        self.server.wait()
        self.redis.kill()
        self.redis.wait()
        self.dir.cleanup()

    def load(self, **options):
        args = [str(self.build / "tests/bench/troupe_load"), "--root-url", self.url, "--client-id",
                CLIENT, "--access-token", TOKEN, "--watch",
                f"server={self.server.pid},redis={self.redis.pid}"]
        for key, value in options.items():
            args += ["--" + key.replace("_", "-"), str(value)]
        out = subprocess.run(args, capture_output=True, text=True)
        if not out.stdout:
            sys.exit("the load generator failed: " + out.stderr)
        return json.loads(out.stdout)

    def connection(self):
        return http.client.HTTPConnection(urllib.parse.urlparse(self.url).netloc)

    def call(self, verb, path, body=None, connection=None):
        where = urllib.parse.urlparse(self.url)
        ts, nonce = str(int(time.time())), uuid.uuid4().hex[:6]
        text = f"hawk.1.header\n{ts}\n{nonce}\n{verb}\n{path}\n{where.hostname}\n{where.port}\n\n\n"
        mac = base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha256).digest())
        headers = {"Authorization": f'Hawk id="{CLIENT}", ts="{ts}", nonce="{nonce}", '
                                    f'mac="{mac.decode()}"'}
        data = None
        if body is not None:
            data = json.dumps(body)
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


figures = []


def figure(name, value, unit, at_least="", **more):
    line = {"figure": name, "value": value, "unit": unit, "wanted": at_least, **more}
    figures.append(line)
    print(json.dumps(line), flush=True)


def loaded(name, result, wanted, cpu_wanted):
    watch = result["watch"]
    figure(name, round(result["tasks_per_s"]), "/s", wanted, errors=result["errors"],
           latency_us=result["latency_us"])
    figure(name + " server CPU", watch["server"]["cpu_us_per_task"], "us", cpu_wanted,
           redis_us=watch["redis"]["cpu_us_per_task"],
           client_us=result["client_cpu_us_per_request"])


def definition(queue, **more):
    now = time.time()
    stamp = lambda t: time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t))
    return {"taskQueueId": queue, "schedulerId": "bench", "created": stamp(now),
            "deadline": stamp(now + 3600), "payload": {"filler": "x" * 1500},
            "metadata": {"name": "bench", "description": "d", "owner": "a@example.com",
                         "source": "https://example.com"}, **more}


def dependency_latency(rig, rounds):
    """From the answer of reportCompleted on, until the parked worker holds the dependent."""
    queue = "bench/dependency"
    claim = f"/api/queue/v1/claim-work/{urllib.parse.quote(queue, safe='')}"
    worker = {"workerGroup": "g", "workerId": "w", "tasks": 1}
    taken = []
    mine, theirs = rig.connection(), rig.connection()
    for _ in range(rounds):
        first, second, group = slugid(), slugid(), slugid()
        rig.call("PUT", f"/api/queue/v1/task/{first}", definition(queue, taskGroupId=group), mine)
        rig.call("PUT", f"/api/queue/v1/task/{second}",
                 definition(queue, taskGroupId=group, dependencies=[first]), mine)
        rig.call("POST", claim, worker, mine)
        came = {}
        thread = threading.Thread(target=lambda: came.update(
            tasks=rig.call("POST", claim, worker, theirs)["tasks"], at=time.perf_counter()))
        thread.start()
        time.sleep(0.02)
        asked = time.perf_counter()
        rig.call("POST", f"/api/queue/v1/task/{first}/runs/0/completed", None, mine)
        thread.join()
        taken.append((came["at"] - asked) * 1e3)
        rig.call("POST", f"/api/queue/v1/task/{second}/runs/0/completed", None, mine)
    taken.sort()
    return statistics.median(taken), taken[int(len(taken) * 0.99)]


def memory_and_recovery(rig, tasks):
    rig.redis_do("FLUSHALL")
    rig.kill_server()
    rig.start()
    server0, redis0 = rig.rss_mb(rig.server.pid), rig.redis_info("used_memory")
    rig.load(mode="create", concurrency=64, tasks=tasks, group_size=100)
    time.sleep(1)
    server1 = rig.rss_mb(rig.server.pid)
    for shard in range(64):
        rig.redis_do("DEL", "troupe:{%02d}:events" % shard)
    redis1 = rig.redis_info("used_memory")
    figure("pending task, server", round((server1 - server0) * 1024 / tasks, 2), "KB", "<= 5")
    figure("pending task, Redis without events", round((redis1 - redis0) / 1024 / tasks, 2), "KB",
           "<= 4")
    rig.kill_server()
    seconds = rig.start()
    figure(f"recovery of {tasks} pending tasks", round(seconds, 2), "s", "<= 5 for 300,000")


def idle(rig):
    rig.redis_do("FLUSHALL")
    rig.kill_server()
    starts = []
    for _ in range(5):
        starts.append(rig.start() * 1e3)
        rig.kill_server()
    rig.start()
    figure("start to first answer", round(statistics.median(starts)), "ms", "<= 100")
    claim = "/api/queue/v1/claim-work/" + urllib.parse.quote("bench/idle", safe="")
    threads = [threading.Thread(target=lambda i=i: rig.call(
        "POST", claim, {"workerGroup": "g", "workerId": f"w{i}", "tasks": 1})) for i in range(64)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    before = cpu_s(rig.server.pid)
    time.sleep(10)
    used = cpu_s(rig.server.pid) - before
    figure("idle with 64 parked claims", round(used * 10, 2), "% of a core", "<= 0.2",
           rss_mb=round(rig.rss_mb(rig.server.pid), 1))
    for thread in threads:
        thread.join()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--fsync", default="always")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    rig = Rig(options.build, options.fsync)
    try:
        loaded("createTask, 64 connections",
               rig.load(mode="create", concurrency=64, tasks=100_000 // scale, warmup=5000),
               ">= 15000", "<= 35")
        one = rig.load(mode="create", concurrency=1, tasks=5000 // scale, warmup=200)
        figure("createTask, 1 connection, p50", one["latency_us"]["create"]["p50"] / 1000, "ms",
               "<= 0.5")
        loaded("life cycle, 64 connections",
               rig.load(mode="lifecycle", concurrency=64, tasks=60_000 // scale, warmup=3000,
                        batch=32), ">= 6000", "<= 100")
        loaded("status, 64 connections",
               rig.load(mode="status", concurrency=64, tasks=100_000 // scale, warmup=2000), "", "")
        hand = rig.load(mode="handoff", pollers=4, tasks=500 // scale, gap_ms=2, jitter_ms=3)
        came = hand["latency_us"]["handoff_from_create_response"]
        figure("hand-off p50", came["p50"] / 1000, "ms", "<= 1", p99_ms=came["p99"] / 1000)
        p50, p99 = dependency_latency(rig, 200 // scale)
        figure("dependency resolved to claimed, p50", round(p50, 2), "ms", "<= 2",
               p99_ms=round(p99, 2))
        memory_and_recovery(rig, 300_000 // scale)
        idle(rig)
    finally:
        rig.close()
    print()
    for line in figures:
        print(f"{line['figure']:<44} {line['value']:>12} {line['unit']:<12} {line['wanted']}")


if __name__ == "__main__":
    main()
