"""What one server with an everyday load is measured for, besides the load itself."""
import statistics
import sys
import threading
import time
import urllib.parse

from figures import figure
from rig import cpu_s, definition, slugid


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
    figure("dependency resolved to claimed, p50", round(statistics.median(taken), 2), "ms", "<= 2",
           p99_ms=round(taken[int(len(taken) * 0.99)], 2))


def log_line(rig, seconds):
    """From a task that writes a line to the follower that has it, through worker and server."""
    queue = "bench/log"
    task = slugid()
    worker = rig.worker(queue)
    try:
        interval_ms = 5
        command = [rig.tool(), "--mode", "write-lines", "--interval-ms", str(interval_ms),
                   "--seconds", str(seconds)]
        rig.call("PUT", f"/api/queue/v1/task/{task}",
                 definition(queue, payload={"command": [command], "maxRunTime": seconds + 60}))
        seen = rig.load(mode="follow-log", task_id=task, run_id=0, max_seconds=30,
                        watch={"worker": worker.pid})
    finally:
        worker.terminate()
        worker.wait()
    written = seconds * 1000 / interval_ms
    if seen["close_code"] != 1000 or seen["lines"] < 0.9 * written:
        sys.exit(f"the log did not come whole: {seen}")
    age = seen["latency_us"]["line"]
    figure("log line to follower, p50", round(age["p50"] / 1000, 2), "ms", "<= 5",
           p99_ms=round(age["p99"] / 1000, 2), max_ms=round(age["max"] / 1000, 2), lines=age["n"],
           server_us=seen["watch"]["server"]["cpu_us_per_task"],
           worker_us=seen["watch"]["worker"]["cpu_us_per_task"])


def memory_and_recovery(rig, tasks):
    rig.start_empty()
    server0, redis0 = rig.rss_mb(rig.server.pid), rig.redis_info("used_memory")
    figure("empty server, RSS", round(server0, 1), "MB")
    rig.fill(tasks, group_size=100)
    at_once, server1 = rig.settled_rss_mb()
    for shard in range(64):
        rig.redis_do("DEL", "troupe:{%02d}:events" % shard)
    redis1 = rig.redis_info("used_memory")
    each_kb = lambda mb: round((mb - server0) * 1024 / tasks, 2)
    figure("pending task, server", each_kb(server1), "KB", "<= 5", at_once=each_kb(at_once),
           rss_mb=round(server1, 1))
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
