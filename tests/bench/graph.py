"""A large task graph in one call, and what others feel of it meanwhile."""
import json
import statistics
import threading
import time

from figures import figure
from rig import cpu_s, definition, slugid

GRAPH = "/api/troupe/v1/task-graph"


def layered(tasks):
    """Each task depends on up to three before it; one in ten is free at once."""
    ids = [slugid() for _ in range(tasks)]
    group = slugid()
    body = {}
    for i, task in enumerate(ids):
        before = {k for k in (i - 1, i - 7, i // 2) if 0 <= k < i} if i % 10 else ()
        body[task] = definition("bench/graph", taskGroupId=group,
                                dependencies=[ids[k] for k in before])
    return json.dumps({"key": group, "tasks": body})


def p99_ms(taken):
    taken.sort()
    return round(taken[int(len(taken) * 0.99)] * 1e3, 2)


class Bystander:
    """Asks for the status of a task again and again on a connection of its own."""

    def __init__(self, rig):
        self.rig, self.task, self.over, self.taken = rig, slugid(), False, []
        rig.call("PUT", f"/api/queue/v1/task/{self.task}", definition("bench/bystander"))
        self.thread = threading.Thread(target=self.ask)
        self.thread.start()

    def ask(self):
        connection = self.rig.connection()
        while not self.over:
            began = time.perf_counter()
            self.rig.call("GET", f"/api/queue/v1/task/{self.task}/status", None, connection)
            self.taken.append(time.perf_counter() - began)
            time.sleep(0.001)

    def stop(self):
        self.over = True
        self.thread.join()
        return self.taken


def task_graph(rig, tasks, rounds):
    quiet = Bystander(rig)
    time.sleep(1)
    alone = p99_ms(quiet.stop())
    seconds, seen, spent = [], [], []
    for _ in range(rounds):
        body = layered(tasks)
        other = Bystander(rig)
        used, began = cpu_s(rig.server.pid), time.perf_counter()
        answer = rig.call("POST", GRAPH, body)
        seconds.append(time.perf_counter() - began)
        spent.append(cpu_s(rig.server.pid) - used)
        seen += other.stop()
        assert answer["created"] == tasks, answer
    figure(f"graph of {tasks:,} tasks in one call", round(statistics.median(seconds), 2), "s",
           "<= 2 for 10,000", mb=round(len(body) / 1e6, 1),
           server_cpu_us_each=round(statistics.median(spent) / tasks * 1e6, 1),
           status_p99_ms=p99_ms(seen), status_max_ms=round(seen[-1] * 1e3, 2),
           status_alone_p99_ms=alone)
