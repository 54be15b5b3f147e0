#!/usr/bin/env python3
"""The last task: reads how all others ended, and the results of the tests; writes summary.md and
summary.json. Fails when anything failed."""
import json
import sys
import xml.etree.ElementTree as xml

from taskcluster import Queue, seconds_between


def counts_of(results):
    """Of a JUnit file: how many tests there were and how many of them did not pass."""
    suites = list(xml.fromstring(results).iter("testsuite"))
    number = lambda what: sum(int(suite.get(what, 0)) for suite in suites)

    def total(what):
        return sum(int(suite.get(what, 0)) for suite in suites)
    return {"tests": total("tests"), "failures": total("failures") + total("errors")}


def look_at(queue, task):
    status = queue.status(task["taskId"])
    run = status["runs"][-1]
    found = {**task, "state": status["state"], "reason": run["reasonResolved"]}
    if "started" in run:
        found["seconds"] = round(seconds_between(run["started"], run["resolved"]), 1)
    if task["does"] == "test":
        results = queue.artifact(task["taskId"], "public/results.xml")
        if results:
            found.update(counts_of(results))
    return found


def as_markdown(tasks, good):
    lines = ["# " + ("All is well" if good else "Something failed"), "",
             "| task | result | seconds | tests | failures |", "|---|---|---|---|---|"]
    for task in tasks:
        cells = [f"{task['does']} {task['library']}", task["state"], task.get("seconds", ""),
                 task.get("tests", ""), task.get("failures", "")]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def main():
    queue = Queue.of_task()
    with open("tasks.json") as file:
        tasks = [look_at(queue, task) for task in json.load(file)]
    good = all(task["state"] == "completed" for task in tasks)
    text = as_markdown(tasks, good)
    print(text, end="", flush=True)
    with open("summary.md", "w") as file:
        file.write(text)
    with open("summary.json", "w") as file:
        json.dump({"good": good, "tasks": tasks}, file, indent=2)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
