"""The index with a million entries, and secrets."""
import json
import sys
import time
import urllib.parse

from figures import figure, loaded


def ask(rig, **options):
    seen = rig.load(concurrency=64, max_seconds=600, **options)
    if seen["errors"]:
        sys.exit(f"{options['mode']} failed: {seen['errors']} {seen.get('first_error')}")
    return seen


def page(rig, name, path, rounds, wanted):
    seen = rig.load(mode="get", path=path, tasks=rounds, warmup=rounds // 10)
    took = seen["latency_us"]["call"]
    figure(name, round(took["p50"] / 1000, 2), "ms", wanted, p99_ms=round(took["p99"] / 1000, 2),
           server_us=seen["watch"]["server"]["cpu_us_per_task"])


def index(rig, entries):
    rig.start_empty()
    rss, redis = rig.rss_mb(rig.server.pid), rig.redis_info("used_memory")
    loaded(f"index: insertTask, {entries:,}", ask(rig, mode="index-insert", tasks=entries),
           ">= 10000", "")
    figure("index entry, server", round((rig.settled_rss_mb()[1] - rss) * 1024 * 1024 / entries),
           "bytes", "<= 200")
    figure("index entry, Redis",
           round((rig.redis_info("used_memory") - redis) / entries), "bytes", "<= 300")
    loaded(f"index: findTask of {entries:,}",
           ask(rig, mode="index-find", prefill=entries, tasks=max(1000, entries // 4), warmup=500),
           ">= 30000", "")
    page(rig, "index: listNamespaces, 1,000 a page, p50",
         "/api/index/v1/namespaces/bench.project", 300, "<= 10")
    page(rig, "index: listTasks, 1,000 a page, p50",
         "/api/index/v1/tasks/bench.project.revision-7", 300, "<= 10")
    rig.kill_server()
    began = time.time()
    rig.start()
    rig.call("GET", "/api/index/v1/task/bench.project.revision-0.linux-0")
    figure(f"index: restart to an entry of {entries:,}", round(time.time() - began, 2), "s", "<= 5")


def authenticate(rig, many):
    """What a service asks that has signatures of clients and no secrets."""
    path = "/api/queue/v1/task-queues"
    where = urllib.parse.urlparse(rig.url)
    signed = {"method": "get", "resource": path, "host": where.hostname, "port": where.port,
              "authorization": rig.authorization("GET", path)["Authorization"]}
    loaded("authenticateHawk, 64 connections",
           ask(rig, mode="get", path="/api/auth/v1/authenticate-hawk", body=json.dumps(signed),
               tasks=many, warmup=500), ">= 20000", "")


def secrets(rig, reads):
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    for size in (100, 10_000):
        name = f"bench/{size}"
        rig.call("PUT", "/api/secrets/v1/secret/" + name.replace("/", "%2F"),
                 {"secret": {"value": "x" * size}, "expires": expires})
        loaded(f"secrets: get of {size:,} bytes",
               ask(rig, mode="get", path="/api/secrets/v1/secret/" + name.replace("/", "%2F"),
                   tasks=reads, warmup=500), ">= 15000", "")
