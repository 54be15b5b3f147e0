"""Workers: how soon a task begins and a lost one is tried again, what a task costs, how fast logs
flow to how many, and what a worker and a thousand connected ones take."""
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import time
import urllib.parse

from figures import cpu_figure, figure
from rig import cpu_s, definition, slugid

LOG = "/api/troupe/v1/log/"


@contextlib.contextmanager
def working(rig, queue, *more, **named):
    worker = rig.worker(queue, *more, **named)
    try:
        yield worker
    finally:
        worker.terminate()
        worker.wait()


def create(rig, queue, command, connection=None, max_run_time=600):
    task = slugid()
    rig.call("PUT", f"/api/queue/v1/task/{task}", definition(
        queue, payload={"command": [command], "maxRunTime": max_run_time}), connection)
    return task


def status(rig, task, connection=None):
    return rig.call("GET", f"/api/queue/v1/task/{task}/status", None, connection)["status"]


def wait_for(what, seconds, pause=0.005):
    until = time.time() + seconds
    while time.time() < until:
        found = what()
        if found:
            return found
        time.sleep(pause)
    raise SystemExit(f"{what.__name__} did not come about within {seconds} s")


def run_seconds(rig, task):
    def resolved():
        run = status(rig, task)["runs"][-1]
        return run if "resolved" in run else None
    run = wait_for(resolved, 60)
    if run["state"] != "completed":
        raise SystemExit(f"the task did not complete: {run}")
    seconds = lambda text: time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) \
        + float(text[19:-1])
    return seconds(run["resolved"]) - seconds(run["started"])


# -- how soon a task begins -----------------------------------------------------------------------

def read_until(rig, connection, path, word):
    """Follows a log by HTTP, from before there is one, until the word is there."""
    while True:
        connection.request("GET", path, None, rig.authorization("GET", path))
        response = connection.getresponse()
        if response.status == 200:
            break
        response.read()
        time.sleep(0.001)
    text = b""
    while word not in text:
        piece = response.read1(65536)
        if not piece:
            raise SystemExit(f"the log ended without {word}: {text}")
        text += piece
    response.close()
    connection.close()


def first_line(rig, tasks, engine, wanted, *more):
    queue = f"bench/first-{engine}"
    mine, theirs = rig.connection(), rig.connection()
    taken = []
    with working(rig, queue, *more):
        for i in range(tasks + 3):
            asked = time.perf_counter()
            task = create(rig, queue, ["/bin/echo", "here", "it", "is"], mine)
            read_until(rig, theirs, f"{LOG}{task}/0", b"\nhere it is")
            if i >= 3:  # the first ones warm the worker up
                taken.append((time.perf_counter() - asked) * 1e3)
            time.sleep(0.02)
    taken.sort()
    figure(f"createTask to first line, {engine}, p50", round(statistics.median(taken), 1), "ms",
           wanted, p90_ms=round(taken[int(len(taken) * 0.9)], 1), least_ms=round(taken[0], 1))


# -- what a task costs ----------------------------------------------------------------------------

def tree_cpu_s(pid):
    """Of a process and its descendants, with those of them that have ended."""
    own = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
    used = sum(int(own[i]) for i in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")
    return used + sum(tree_cpu_s(child) for child in children(pid))


def children(pid):
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        found += open(f"/proc/{pid}/task/{thread}/children").read().split()
    return [int(child) for child in found]


def true_tasks(rig, tasks, capacity=8):
    queue = "bench/true"
    connection = rig.connection()
    for _ in range(tasks):
        last = create(rig, queue, ["/bin/true"], connection)
    counts = "/api/queue/v1/task-queues/" + urllib.parse.quote(queue, safe="") + "/counts"
    server0, redis0, began = cpu_s(rig.server.pid), cpu_s(rig.redis.pid), time.time()
    with working(rig, queue, "--capacity", str(capacity)) as worker:
        def all_done():
            left = rig.call("GET", counts, None, connection)
            return left["pendingTasks"] + left["claimedTasks"] == 0
        wait_for(all_done, 600, 0.05)
        seconds = time.time() - began
        used = tree_cpu_s(worker.pid)
    run_seconds(rig, last)
    figure(f"`true` tasks, one worker, capacity {capacity}", round(tasks / seconds), "/s", ">= 150",
           load_average=os.getloadavg()[0])
    each = lambda cpu: round(cpu / tasks * 1e6)
    server, redis = cpu_s(rig.server.pid) - server0, cpu_s(rig.redis.pid) - redis0
    cpu_figure("`true` task, CPU of all", each(used + server + redis), "<= 13300",
               worker_us=each(used), server_us=each(server), redis_us=each(redis))


# -- logs -----------------------------------------------------------------------------------------

def worst_write_ms(rig, task):
    path = f"{LOG}{task}/0?tail=30"
    connection = rig.connection()
    connection.request("GET", path, None, rig.authorization("GET", path))
    found = re.search(rb"worst-write-us (\d+)", connection.getresponse().read())
    return round(int(found[1]) / 1e3, 1)


def drained(rig, task, worker, followers, most_seconds):
    seen = rig.load(mode="drain-log", task_id=task, followers=followers, max_seconds=most_seconds,
                    watch={"worker": worker.pid})
    if seen["ended_well"] != followers or seen["least_bytes"] != seen["most_bytes"]:
        raise SystemExit(f"the log did not come whole to all: {seen}")
    return seen


def log_stream(rig, megabytes):
    """A log as fast as it goes, from the task to one follower."""
    queue = "bench/stream"
    with working(rig, queue) as worker:
        before = rig.rss_mb(worker.pid), rig.rss_mb(rig.server.pid)
        task = create(rig, queue, [rig.tool(), "--mode", "write-megabytes", "--line-bytes", "100",
                                   "--megabytes", str(megabytes)])
        seen = drained(rig, task, worker, 1, 300)
        after = peak_mb(worker.pid), rig.rss_mb(rig.server.pid)
        if seen["most_bytes"] < megabytes * 1e6:
            raise SystemExit(f"the log is not whole: {seen}")
    cpu = {name: round(seen["watch"][name]["cpu_us_per_task"]) for name in ("worker", "server")}
    figure("log stream, task to follower", round(seen["most_bytes"] / 1e6 / seen["seconds"], 1),
           "MB/s", ">= 50", worker_us_per_mb=cpu["worker"], server_us_per_mb=cpu["server"],
           worker_grew_mb=round(after[0] - before[0], 1),
           server_grew_mb=round(after[1] - before[1], 1))


def peak_mb(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0


def many_followers(rig, followers, seconds):
    """Many who read along with one log of 50 KB/s, and what the task feels of it."""
    queue = "bench/followed"
    command = [rig.tool(), "--mode", "write-lines", "--interval-ms", "5", "--line-bytes", "250",
               "--seconds", str(seconds)]
    with working(rig, queue) as worker:
        alone = create(rig, queue, command)
        drained(rig, alone, worker, 1, seconds + 60)
        task = create(rig, queue, command)
        seen = drained(rig, task, worker, followers, seconds + 60)
        worst = worst_write_ms(rig, task)
        took = run_seconds(rig, task) - run_seconds(rig, alone)
    late = seen["latency_us"]["line"]
    figure(f"{followers} followers of 50 KB/s, task longer by", round(took * 1e3, 1), "ms", "none",
           worst_write_ms=worst, worst_write_alone_ms=worst_write_ms(rig, alone),
           messages=seen["messages"])
    share = seen["watch"]["server"]["cpu_us_per_task"] * seen["most_bytes"] / 1e12 * followers
    figure(f"{followers} followers of 50 KB/s, line p50", round(late["p50"] / 1e3, 1), "ms",
           p99_ms=round(late["p99"] / 1e3, 1), most_ms=round(late["max"] / 1e3, 1),
           server_cores=round(share / seconds, 2))


# -- lost workers ---------------------------------------------------------------------------------

def lost_worker(rig, rounds):
    """From kill -9 of a remote worker until the retry of its task is pending."""
    queue = "bench/lost"
    taken = []
    for i in range(rounds):
        worker = rig.worker(queue, name=f"lost-{i}", remote=True)
        try:
            task = create(rig, queue, ["/bin/sleep", "300"])
            def running():
                return status(rig, task)["runs"][0]["state"] == "running"
            wait_for(running, 60)
            time.sleep(0.3)
        finally:
            worker.kill()
            worker.wait()
        died = time.time()
        def retried():
            return len(status(rig, task)["runs"]) == 2
        wait_for(retried, 60)
        taken.append(time.time() - died)
        rig.call("POST", f"/api/queue/v1/task/{task}/cancel")
    figure("lost worker to retry pending", round(max(taken), 2), "s", "<= 5",
           least_s=round(min(taken), 2))


# -- memory ---------------------------------------------------------------------------------------

def pss_mb(pid, but=()):
    """Of a process and its descendants, without those that run such a program."""
    name = open(f"/proc/{pid}/comm").read().strip()
    total = 0 if name in but else next(
        int(line.split()[1]) / 1024 for line in open(f"/proc/{pid}/smaps_rollup")
        if line.startswith("Pss:"))
    return total + sum(pss_mb(child, but) for child in children(pid))


def worker_memory(rig, tasks=8):
    queue = "bench/memory"
    for name, remote in (("HTTP", False), ("CAF", True)):
        with working(rig, queue, "--capacity", str(tasks), remote=remote) as worker:
            def warm():
                return rig.rss_mb(worker.pid) > 1 and children(worker.pid)
            wait_for(warm, 30)
            time.sleep(2)
            started, started_pss = rig.rss_mb(worker.pid), pss_mb(worker.pid)
            time.sleep(10)  # then it lets go of the code that it needed to start
            idle, idle_pss = rig.rss_mb(worker.pid), pss_mb(worker.pid)
            made = [create(rig, queue, ["/bin/sleep", "300"]) for _ in range(tasks)]
            def all_run():
                return all(status(rig, task)["state"] == "running" for task in made)
            wait_for(all_run, 30)
            time.sleep(2)
            busy, busy_pss = rig.rss_mb(worker.pid), pss_mb(worker.pid, ("sleep",))
            for task in made:
                rig.call("POST", f"/api/queue/v1/task/{task}/cancel")
        figure(f"idle worker by {name}, RSS", round(idle, 1), "MB", "<= 25",
               with_guardian_pss_mb=round(idle_pss, 1), just_started_mb=round(started, 1))
        figure(f"running task of a worker by {name}", round((busy_pss - started_pss) / tasks, 2),
               "MB", "<= 4", worker_rss_mb=round((busy - started) / tasks, 2))


def idle_workers(rig, workers, seconds=30):
    """Real workers, connected to the CAF port and with nothing to do."""
    rig.start_empty()
    before = rig.rss_mb(rig.server.pid)
    already = connected(rig)
    started = []
    try:
        for i in range(workers):
            started.append(rig.worker(f"bench/idle-{i % 10}", name=f"idle-{i}", remote=True))
            if i % 10 == 9:
                def some_connected():
                    return connected(rig) - already > i - 20
                wait_for(some_connected, 120, 0.05)
        def all_connected():
            return connected(rig) - already >= workers
        wait_for(all_connected, 300, 0.2)
        time.sleep(10)
        server0, worker0 = cpu_s(rig.server.pid), cpu_s(started[0].pid)
        time.sleep(seconds)
        used = cpu_s(rig.server.pid) - server0
        one = cpu_s(started[0].pid) - worker0
        figure(f"{workers} idle remote workers, server", round(used / seconds * 100, 2),
               "% of a core", "<= 1", a_worker=round(one / seconds * 100, 3))
        rss = rig.rss_mb(rig.server.pid)
        figure(f"{workers} idle remote workers, server RSS", round(rss, 1), "MB", "<= 150",
               each_kb=round((rss - before) * 1024 / workers, 1))
    finally:
        for worker in started:
            worker.kill()
        for worker in started:
            worker.wait()


def connected(rig):
    """How many workers have come, by its records."""
    return open(rig.log.name).read().count('"remote-worker-connected"')


def workers(rig, scale):
    first_line(rig, 60 // min(scale, 3), "process", "<= 25")
    if shutil.which("bwrap") and subprocess.run(
            ["bwrap", "--ro-bind", "/", "/", "true"], check=False).returncode == 0:
        first_line(rig, 60 // min(scale, 3), "bubblewrap", "<= 60", "--sandbox", "bubblewrap")
    true_tasks(rig, 1000 // scale)
    log_stream(rig, 500 // scale)
    many_followers(rig, 1000 // scale, 20)
    lost_worker(rig, 5 // min(scale, 5))
    worker_memory(rig)
    idle_workers(rig, 1000 // scale)
