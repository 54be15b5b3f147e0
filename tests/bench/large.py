"""What only large installations have: a group of 100,000 tasks, a queue of a million."""
import sys
import threading
import time
import urllib.parse

from figures import cpu_figure, figure
from rig import slugid

FEW = 1000


def large_group(rig, tasks):
    """Turns all pages of one group."""
    rig.start_empty()
    group, page = slugid(), 1000
    rig.fill(tasks, group_id=group)
    seen = rig.load(mode="list-group", group_id=group, page_size=page, tasks=3 * tasks // page)
    if seen["errors"]:
        sys.exit(f"the group could not be listed: {seen['errors']} {seen.get('first_error')}")
    turned = seen["latency_us"]["list"]
    figure(f"listTaskGroup, 1,000 of {tasks:,}, p50", round(turned["p50"] / 1000, 2), "ms", "<= 15",
           p99_ms=round(turned["p99"] / 1000, 2), pages=turned["n"],
           mb_each=round(seen["mb_in"] / turned["n"], 2))
    cpu_figure(f"listTaskGroup, 1,000 of {tasks:,}, server CPU",
               seen["watch"]["server"]["cpu_us_per_task"],
               client_us=seen["client_cpu_us_per_request"])


def cancel_large_group(rig, tasks):
    """Cancels all tasks of a group while others go on asking."""
    rig.start_empty()
    group, queue = slugid(), "bench/cancelled"
    rig.fill(tasks, group_id=group, queue=queue)
    rig.call("POST", f"/api/queue/v1/task-group/{group}/seal")
    others = {}
    meanwhile = threading.Thread(target=lambda: others.update(
        rig.load(mode="status", concurrency=8, rate=1000, tasks=8000, max_seconds=60)))
    meanwhile.start()
    time.sleep(0.5)  # it makes its tasks first
    counts = "/api/queue/v1/task-queues/" + urllib.parse.quote(queue, safe="") + "/counts"
    began = time.time()
    rig.call("POST", f"/api/queue/v1/task-group/{group}/cancel")
    answered = time.time() - began
    while rig.call("GET", counts)["pendingTasks"] > 0:
        time.sleep(0.02)
    seconds = time.time() - began
    meanwhile.join()
    asked = others["latency_us"]["status"]
    figure(f"cancelTaskGroup of {tasks:,}", round(seconds, 2), "s", "<= 10 for 100,000",
           answered_s=round(answered, 2))
    figure("status meanwhile, p99", round(asked["p99"] / 1000, 2), "ms", "<= 20",
           p50_ms=round(asked["p50"] / 1000, 2), max_ms=round(asked["max"] / 1000, 2))


def cycles(rig, queue, tasks):
    """Life cycles at the end of a queue whose length stays: each one created lets one go."""
    seen = rig.load(mode="lifecycle", concurrency=64, batch=32, tasks=tasks, warmup=tasks // 10,
                    queue=queue, verify=0, max_seconds=600)
    if seen["create_failed"] or seen["done"] < tasks:
        sys.exit(f"life cycles in a long queue failed: {seen['errors']} {seen.get('first_error')}")
    return seen


def compare_cycles(few, many, pending):
    """As fast as with a short queue, but for a tenth, which is noise."""
    figure(f"life cycle, {pending:,} pending", round(many["tasks_per_s"]), "/s",
           f">= {0.9 * few['tasks_per_s']:.0f}, 0.9 of with {FEW:,}",
           with_few=round(few["tasks_per_s"]))
    cost = few["watch"]["server"]["cpu_us_per_task"]
    cpu_figure(f"life cycle, {pending:,} pending, server CPU",
               many["watch"]["server"]["cpu_us_per_task"],
               f"<= {1.1 * cost:.1f}, 1.1 of with {FEW:,}", with_few=cost)
    for what, call in (("create", "createTask"), ("claim", "claimWork"),
                       ("complete", "reportCompleted")):
        before, after = (seen["latency_us"][what] for seen in (few, many))
        figure(f"{call}, {pending:,} pending, p50", round(after["p50"] / 1000, 2), "ms",
               f"<= {1.1 * before['p50'] / 1000:.2f}, 1.1 of with {FEW:,}",
               with_few=round(before["p50"] / 1000, 2), p99_ms=round(after["p99"] / 1000, 2),
               p99_ms_with_few=round(before["p99"] / 1000, 2))


def restart(rig, queue, pending):
    """Until a worker gets a task of the queue, which takes more than an open port."""
    rig.kill_server()
    began = time.time()
    to_answer = rig.start()
    path = urllib.parse.quote(queue, safe="")
    claimed = rig.call("POST", f"/api/queue/v1/claim-work/{path}",
                       {"workerGroup": "g", "workerId": "w", "tasks": 1})["tasks"]
    seconds = time.time() - began
    left = rig.call("GET", f"/api/queue/v1/task-queues/{path}/counts")["pendingTasks"]
    if len(claimed) != 1 or left != pending - 1:
        sys.exit(f"of {pending} pending tasks {left} and {len(claimed)} claimed were left")
    figure(f"restart to serving, {pending:,} pending", round(seconds, 2), "s",
           "<= 10 for 1,000,000", to_first_answer_s=round(to_answer, 2))


def long_queue(rig, pending, measured):
    rig.start_empty()
    queue = "bench/long"
    rig.fill(FEW, queue=queue)
    few = cycles(rig, queue, measured)
    rig.fill(pending - FEW, queue=queue)
    at_once, settled = rig.settled_rss_mb()
    figure(f"server RSS, {pending:,} pending", round(settled / 1024, 2), "GB",
           "<= 3 for 1,000,000", at_once=round(at_once / 1024, 2),
           redis_gb=round(rig.redis_info("used_memory") / 2**30, 2))
    compare_cycles(few, cycles(rig, queue, measured), pending)
    restart(rig, queue, pending)
