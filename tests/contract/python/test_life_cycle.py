"""Tasks from their creation to their end."""
import unittest

import taskcluster

from server import Case, WORKER, definition, queue


class Creation(Case):
    def test_definition_comes_back_with_its_defaults(self):
        """TK-1 CT-9 a minimal definition works, and `task` gives it back completed"""
        task = definition()
        for name in ("schedulerId", "taskGroupId", "tags"):
            del task[name]
        task_id = taskcluster.slugId()
        status = self.queue.createTask(task_id, task)["status"]
        self.assertEqual(status["state"], "pending")
        self.assertEqual(status, self.queue.status(task_id)["status"])
        found = self.queue.task(task_id)
        self.assertEqual(found["payload"], task["payload"])
        self.assertEqual(found["metadata"], task["metadata"])
        self.assertEqual(f'{found["provisionerId"]}/{found["workerType"]}', task["taskQueueId"])
        self.assertEqual((found["schedulerId"], found["projectId"], found["taskGroupId"],
                          found["priority"], found["retries"]), ("-", "none", task_id, "lowest", 5))

    def test_creation_is_repeated_with_the_dates_of_the_client(self):
        """CT-5 CT-7 microseconds, as the client writes them, are no obstacle to a repeat"""
        task = definition()
        self.assertRegex(task["created"], r"\.\d{6}Z$")
        task_id = taskcluster.slugId()
        first = self.queue.createTask(task_id, task)
        self.assertEqual(self.queue.createTask(task_id, task), first)
        self.assertEqual(self.queue.pendingTasks(task["taskQueueId"])["pendingTasks"], 1)

    def test_a_datetime_is_a_date(self):
        """the client's own writing of datetime objects is understood"""
        task = definition(created=taskcluster.fromNow(""), deadline=taskcluster.fromNow("2 hours"))
        status = self.queue.createTask(taskcluster.slugId(), task)["status"]
        self.assertEqual(status["state"], "pending")

    def test_bulk_reads(self):
        """TK-3 TK-6 `tasks` and `statuses` agree with `task` and `status`"""
        ids = sorted(self.create()[0] for _ in range(3))
        found = self.queue.tasks({"taskIds": ids})["tasks"]
        self.assertEqual([(each["taskId"], each["task"]) for each in found],
                         [(task_id, self.queue.task(task_id)) for task_id in ids])
        found = self.queue.statuses({"taskIds": ids})["statuses"]
        self.assertEqual([(each["taskId"], each["status"]) for each in found],
                         [(task_id, self.queue.status(task_id)["status"]) for task_id in ids])


class Dependencies(Case):
    def test_a_chain_frees_itself_step_by_step(self):
        """DP-1 a task waits for the one it depends on, and is listed as its dependent"""
        first, task = self.create()
        second, _ = self.create(taskQueueId=task["taskQueueId"], dependencies=[first])
        self.assertEqual(self.state(second), "unscheduled")
        dependents = self.queue.listDependentTasks(first)["tasks"]
        self.assertEqual([each["status"]["taskId"] for each in dependents], [second])
        for task_id in (first, second):
            [claim] = self.until("the task is free",
                                 lambda: self.claim(task["taskQueueId"], tasks=4))
            self.assertEqual(claim["status"]["taskId"], task_id)
            self.queue.reportCompleted(task_id, 0)
        self.assertEqual(self.state(second), "completed")

    def test_failure_frees_only_those_that_take_any_end(self):
        """DP-7 DP-8 all-completed stays blocked, all-resolved becomes pending"""
        first, _ = self.running()
        strict, _ = self.create(dependencies=[first])
        tolerant, _ = self.create(dependencies=[first], requires="all-resolved")
        self.queue.reportFailed(first, 0)
        self.until("the task is free", lambda: self.state(tolerant) == "pending")
        self.assertEqual(self.state(strict), "unscheduled")

    def test_scheduling_does_not_wait(self):
        """DP-4 scheduleTask frees a task that depends on itself"""
        task_id = taskcluster.slugId()
        self.queue.createTask(task_id, definition(dependencies=[task_id]))
        self.assertEqual(self.state(task_id), "unscheduled")
        self.assertEqual(self.queue.scheduleTask(task_id)["status"]["state"], "pending")

    def test_unknown_dependency(self):
        """DP-6 a dependency that is not there refuses the task"""
        task_id = taskcluster.slugId()
        self.refused(400, "InputError", self.queue.createTask, task_id,
                     definition(dependencies=[taskcluster.slugId()]))
        self.refused(404, "ResourceNotFound", self.queue.task, task_id)


class Work(Case):
    def test_claim_reclaim_and_report_by_the_credentials_handed_out(self):
        """CW-3 CW-4 RC-1 each step works with the credentials of the one before"""
        task_id, claim = self.running()
        self.assertEqual(claim["task"], self.queue.task(task_id))
        self.assertEqual(claim["status"], self.queue.status(task_id)["status"])
        again = queue(claim["credentials"]).reclaimTask(task_id, claim["runId"])
        self.assertGreaterEqual(again["takenUntil"], claim["takenUntil"])
        status = queue(again["credentials"]).reportCompleted(task_id, claim["runId"])["status"]
        self.assertEqual(status["state"], "completed")
        self.assertEqual(status["runs"][0]["reasonResolved"], "completed")
        self.assertEqual(status["runs"][0]["workerId"], WORKER["workerId"])

    def test_credentials_of_a_run_are_good_for_that_run_only(self):
        """RP-3 another task is not theirs, and the task's own scopes are"""
        _, claim = self.running(scopes=["queue:status:*"])
        other, _ = self.running()
        own = queue(claim["credentials"])
        self.refused(403, "InsufficientScopes", own.reportCompleted, other, 0)
        self.assertEqual(own.status(other)["status"]["state"], "running")

    def test_failed(self):
        """RP-2 RP-5 a failure is repeated and not turned into a success"""
        task_id, _ = self.running()
        status = self.queue.reportFailed(task_id, 0)["status"]
        self.assertEqual((status["state"], status["runs"][0]["reasonResolved"]), ("failed", "failed"))
        self.assertEqual(self.queue.reportFailed(task_id, 0)["status"], status)
        self.refused(409, "RequestConflict", self.queue.reportCompleted, task_id, 0)

    def test_exception_without_retry(self):
        """RX-1 malformed-payload is the end"""
        task_id, _ = self.running()
        status = self.queue.reportException(task_id, 0, {"reason": "malformed-payload"})["status"]
        self.assertEqual((status["state"], len(status["runs"])), ("exception", 1))

    def test_exception_with_retry(self):
        """RX-3 RX-4 worker-shutdown and intermittent-task make a new run while retries are left"""
        for reason, created in (("worker-shutdown", "retry"), ("intermittent-task", "task-retry")):
            with self.subTest(reason):
                task_id, claim = self.running(retries=1)
                call = self.queue.reportException
                status = call(task_id, 0, {"reason": reason})["status"]
                self.assertEqual((status["state"], status["retriesLeft"]), ("pending", 0))
                self.assertEqual(status["runs"][1]["reasonCreated"], created)
                self.claim(claim["task"]["taskQueueId"])
                status = call(task_id, 1, {"reason": reason})["status"]
                self.assertEqual((status["state"], len(status["runs"])), ("exception", 2))

    def test_priorities_and_how_many(self):
        """CW-5 CW-6 PR-1 the more urgent goes first, also when it became so later"""
        first, task = self.create(priority="low")
        second, _ = self.create(taskQueueId=task["taskQueueId"], priority="high")
        third, _ = self.create(taskQueueId=task["taskQueueId"], priority="low")
        self.queue.changeTaskPriority(third, {"newPriority": "highest"})
        self.assertEqual(self.queue.task(third)["priority"], "highest")
        claims = self.claim(task["taskQueueId"], tasks=2)
        self.assertEqual([each["status"]["taskId"] for each in claims], [third, second])
        claims = self.claim(task["taskQueueId"], tasks=8)
        self.assertEqual([each["status"]["taskId"] for each in claims], [first])
        self.assertEqual(self.claim(task["taskQueueId"]), [])

    def test_claim_task(self):
        """CL-1 CL-2 a run claimed by its id belongs to one worker"""
        task_id, _ = self.create()
        claim = self.queue.claimTask(task_id, 0, WORKER)
        self.assertEqual(claim["status"]["state"], "running")
        self.queue.claimTask(task_id, 0, WORKER)
        self.refused(409, "RequestConflict", self.queue.claimTask, task_id, 0,
                     {**WORKER, "workerId": "another"})


class CancelAndRerun(Case):
    def test_cancel_in_every_state(self):
        """CN-1 CN-2 CN-3 unscheduled, pending and running tasks are cancelled"""
        pending, _ = self.create()
        running, _ = self.running()
        unscheduled, _ = self.create(dependencies=[pending])
        for task_id in (unscheduled, pending, running):
            status = self.queue.cancelTask(task_id)["status"]
            self.assertEqual(status["state"], "exception")
            self.assertEqual(status["runs"][-1]["reasonResolved"], "canceled")
            self.assertEqual(self.queue.cancelTask(task_id)["status"], status)

    def test_a_worker_learns_of_it(self):
        """CN-7 RC-3 the worker's next call is a conflict"""
        task_id, claim = self.running()
        self.queue.cancelTask(task_id)
        worker = queue(claim["credentials"])
        self.refused(409, "RequestConflict", worker.reclaimTask, task_id, 0)
        self.refused(409, "RequestConflict", worker.reportCompleted, task_id, 0)

    def test_rerun(self):
        """RR-3 RR-4 a resolved task runs again, with its retries"""
        task_id, claim = self.running(retries=2)
        self.queue.reportFailed(task_id, 0)
        status = self.queue.rerunTask(task_id)["status"]
        self.assertEqual((status["state"], status["retriesLeft"]), ("pending", 2))
        self.assertEqual(status["runs"][1]["reasonCreated"], "rerun")
        self.assertEqual(len(self.queue.rerunTask(task_id)["status"]["runs"]), 2)
        [second] = self.claim(claim["task"]["taskQueueId"])
        self.assertEqual(second["runId"], 1)
        self.assertEqual(self.queue.reportCompleted(task_id, 1)["status"]["state"], "completed")


if __name__ == "__main__":
    unittest.main()
