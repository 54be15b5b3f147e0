"""The server that python_client.test.mjs started, and stock clients for it."""
import itertools
import json
import os
import time
import unittest

import taskcluster

_about = json.loads(os.environ["TROUPE_TEST_SERVER"])
ROOT_URL = _about["rootUrl"]
CREDENTIALS = _about["credentials"]

WORKER = {"workerGroup": "group", "workerId": "worker"}

_numbers = itertools.count()


def options(credentials=None, scopes=None, **more):
    """Options of a client: the root credentials unless others are given, no repeats."""
    found = {"rootUrl": ROOT_URL, "credentials": dict(credentials or CREDENTIALS), "maxRetries": 0}
    if scopes is not None:
        found["authorizedScopes"] = scopes
    return {**found, **more}


def queue(credentials=None, scopes=None, **more):
    return taskcluster.Queue(options(credentials, scopes, **more))


def anonymous():
    return taskcluster.Queue({"rootUrl": ROOT_URL, "maxRetries": 0})


def fresh_queue_id():
    """A task queue that no other test uses; each program has a provisioner of its own."""
    return f"python-{os.getpid()}/q{next(_numbers)}"


def definition(**overrides):
    task_queue_id = overrides.pop("taskQueueId", None) or fresh_queue_id()
    return {
        "taskQueueId": task_queue_id,
        "schedulerId": "python-scheduler",
        "taskGroupId": taskcluster.slugId(),
        "created": taskcluster.fromNowJSON(""),
        "deadline": taskcluster.fromNowJSON("1 hour"),
        "payload": {"text": "für alle"},
        "metadata": {
            "name": "A task of the stock Python client",
            "description": "Made by a test",
            "owner": "tests@example.com",
            "source": "https://example.com/tests",
        },
        "tags": {"purpose": "test"},
        **overrides,
    }


class Case(unittest.TestCase):
    """What most tests need: a client that may do everything, and tasks."""

    maxDiff = None

    def setUp(self):
        self.queue = queue()

    def create(self, **overrides):
        """A new task: its id and definition."""
        task_id = taskcluster.slugId()
        task = definition(**overrides)
        self.queue.createTask(task_id, task)
        return task_id, task

    def claim(self, task_queue_id, tasks=1):
        return self.queue.claimWork(task_queue_id, {**WORKER, "tasks": tasks})["tasks"]

    def running(self, **overrides):
        """A task with a claimed run: its id, and the claim."""
        task_id, task = self.create(**overrides)
        [claim] = self.claim(task["taskQueueId"])
        self.assertEqual(claim["status"]["taskId"], task_id)
        return task_id, claim

    def state(self, task_id):
        return self.queue.status(task_id)["status"]["state"]

    def until(self, what, condition):
        """Waits until the condition gives something, and gives that; the bound is for failures."""
        end = time.monotonic() + 20
        while not (found := condition()):
            self.assertLess(time.monotonic(), end, f"waited in vain until {what}")
            time.sleep(0.02)
        return found

    def refused(self, status, code, call, *arguments, **more):
        """Checks that the client raises what the server said, and gives the exception."""
        with self.assertRaises(taskcluster.TaskclusterRestFailure) as caught:
            call(*arguments, **more)
        found = caught.exception
        self.assertEqual((found.status_code, found.body.get("code")), (status, code), found)
        return found
