"""How late events reach many subscribers: 500 readers of the event feed and 50 of ZeroMQ."""
import json
import pathlib
import subprocess
import sys
import time

from figures import figure

HERE = pathlib.Path(__file__).resolve().parent
NODE = HERE.parent / "contract/node_modules/.bin/node"


def line_of(listeners):
    line = json.loads(listeners.stdout.readline())
    if "error" in line:
        sys.exit(f"subscribers: {line['error']}")
    return line


def subscribers(rig, seconds, readers=500, zeromq=50, queues=100, tasks_per_s=1000):
    """Each task is two events; each reader has those of one queue of a hundred."""
    rig.start_empty()
    name = "subscribed"
    listeners = subprocess.Popen(
        [str(NODE), str(HERE / "subscribers.mjs"), rig.url, str(rig.info["zmqPubPort"]), str(readers),
         str(zeromq), "bench", name, str(queues)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    try:
        ready = listeners.stdout.readline()
        if ready != "ready\n":
            sys.exit(f"the subscribers did not begin: {ready}")
        time.sleep(1)  # subscriptions of ZeroMQ are on their way
        tasks = tasks_per_s * seconds
        made = rig.load(mode="create", queue=f"bench/{name}", queues=queues, rate=tasks_per_s,
                        concurrency=16, tasks=tasks, max_seconds=10 * seconds)
        if made["create_failed"]:
            sys.exit(f"tasks could not be created: {made['first_error']}")
        time.sleep(2)
        listeners.stdin.close()
        heard = line_of(listeners)
    finally:
        listeners.kill()
        listeners.wait()
    wanted = 2 * tasks // queues
    feed, bus = heard["feed"], heard["zeromq"]
    lost = readers * wanted - feed["delivered"]
    figure(f"event to {readers} readers, p99", feed["p99"], "ms", "<= 50", p50_ms=feed["p50"],
           most_ms=feed["most"], delivered=feed["delivered"], lost=lost,
           events_per_s=round(2 * made["tasks_per_s"]))
    figure(f"event to {zeromq} of ZeroMQ, p99", bus["p99"], "ms", "<= 50", p50_ms=bus["p50"],
           most_ms=bus["most"], delivered=bus["delivered"], lost=bus["lost"])
    figure("server CPU for it", made["watch"]["server"]["cpu_us_per_task"], "us a task")
