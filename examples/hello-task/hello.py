#!/usr/bin/env python3
"""Runs a task and prints its log, with the stock Python client:

    pip install taskcluster && python3 hello.py DATA    (DATA: the directory that `troupe up` names)
"""
import json
import pathlib
import sys
import time

import requests
import taskcluster

data = pathlib.Path(sys.argv[1])
queue = taskcluster.Queue({
    "rootUrl": json.loads((data / "up.json").read_text())["rootUrl"],
    "credentials": json.loads((data / "root-credentials").read_text())})

task_id = taskcluster.slugId()
queue.createTask(task_id, {
    "taskQueueId": "local/default",
    "created": taskcluster.fromNowJSON(""),
    "deadline": taskcluster.fromNowJSON("1 hour"),
    "payload": {"command": [["echo", "Hello from the stock client."]], "maxRunTime": 60},
    "metadata": {"name": "hello", "description": "Says hello.", "owner": "nobody@example.com",
                 "source": "https://example.com/hello-task"}})

state = "pending"
while state in ("unscheduled", "pending", "running"):
    time.sleep(0.1)
    state = queue.status(task_id)["status"]["state"]

log = queue.getLatestArtifact(task_id, "public/logs/live_backing.log")
print(requests.get(log["url"], timeout=60).text, end="")
sys.exit(0 if state == "completed" else 1)
