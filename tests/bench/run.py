#!/usr/bin/env python3
"""Measures the server: starts a private Redis and the real binary, loads it, prints one JSON line a
figure on stdout and a table on stderr at the end. Everything talks to loopback only and ends by
itself. Which numbers are wanted stands with each figure; nothing fails for missing one."""
import argparse
import pathlib

from artifacts import large_artifact
from figures import figure, loaded, machine, print_table
from graph import task_graph
from large import cancel_large_group, large_group, long_queue
from measures import dependency_latency, idle, log_line, memory_and_recovery
from rig import Rig
from roles import roles
from stores import authenticate, index, secrets
from subscribers import subscribers
from workers import workers


def everyday(rig, scale):
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
    whole = hand["latency_us"]["handoff_from_create_request"]
    figure("hand-off p50", came["p50"] / 1000, "ms", "<= 1", p99_ms=came["p99"] / 1000,
           from_request_p50_ms=whole["p50"] / 1000, from_request_p99_ms=whole["p99"] / 1000)
    dependency_latency(rig, 200 // scale)
    secrets(rig, 50_000 // scale)
    authenticate(rig, 50_000 // scale)
    log_line(rig, 20 // min(scale, 5))
    task_graph(rig, 10_000 // scale, 3)
    memory_and_recovery(rig, 300_000 // scale)
    index(rig, 1_000_000 // scale)
    roles(rig, 10_000 // scale)
    idle(rig)


def large(rig, scale):
    subscribers(rig, 30 // scale)
    large_artifact(rig, 1024 // scale)
    large_group(rig, 100_000 // scale)
    cancel_large_group(rig, 100_000 // scale)
    long_queue(rig, 1_000_000 // scale, 30_000 // scale)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build directory")
    parser.add_argument("--fsync", default="always", help="appendfsync of Redis")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    parser.add_argument("--large", action="store_true",
                        help="also 550 subscribers, an artifact of a gigabyte, a group of 100,000 "
                             "tasks and a queue of 1,000,000: takes minutes, some 12 GB of memory "
                             "and 10 GB of the temporary directory")
    parser.add_argument("--workers", action="store_true",
                        help="only workers and their logs, a thousand of them at the end: takes "
                             "minutes and some 5 GB of memory")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    rig = Rig(options.build, options.fsync)
    try:
        machine(rig, 50_000 // scale)
        if options.workers:
            workers(rig, scale)
        else:
            everyday(rig, scale)
        if options.large:
            large(rig, scale)
    finally:
        rig.close()
        print_table()


if __name__ == "__main__":
    main()
