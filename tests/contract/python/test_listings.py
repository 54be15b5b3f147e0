"""What waits, what is claimed, and who works: counts, queues, workers."""
import unittest

import taskcluster

from server import WORKER, Case, fresh_queue_id, queue


class Runs(Case):
    def test_counts(self):
        """QC-1 QC-3 pending and claimed runs are counted, and none of an unknown queue"""
        task_queue_id = fresh_queue_id()
        def counts():
            found = self.queue.taskQueueCounts(task_queue_id)
            return found["pendingTasks"], found["claimedTasks"]
        self.assertEqual(counts(), (0, 0))
        for _ in range(2):
            self.create(taskQueueId=task_queue_id)
        self.assertEqual(counts(), (2, 0))
        self.claim(task_queue_id)
        self.assertEqual(counts(), (1, 1))
        self.assertEqual(self.queue.pendingTasks(task_queue_id)["pendingTasks"], 1)
        self.refused(400, "InvalidRequestArguments", self.queue.pendingTasks, "1/1")

    def test_pending_and_claimed(self):
        """QL-1 QL-2 QL-3 QL-6 QL-7 both lists come in pages, each task once"""
        task_queue_id = fresh_queue_id()
        for call in (self.queue.listPendingTasks, self.queue.listClaimedTasks):
            self.assertEqual(call(task_queue_id), {"tasks": []})
        made = {self.create(taskQueueId=task_queue_id)[0] for _ in range(5)}

        def listed(call):
            pages = []
            call(params={"taskQueueId": task_queue_id}, paginationHandler=pages.append,
                 paginationLimit=3)
            return [page["tasks"] for page in pages]

        pages = listed(self.queue.listPendingTasks)
        self.assertEqual([len(page) for page in pages], [3, 2])
        self.assertEqual({each["taskId"] for page in pages for each in page}, made)
        inserted = [each["inserted"] for page in pages for each in page]
        self.assertEqual(inserted, sorted(inserted))
        self.claim(task_queue_id, tasks=5)
        self.assertEqual(listed(self.queue.listPendingTasks), [[]])
        pages = listed(self.queue.listClaimedTasks)
        self.assertEqual([len(page) for page in pages], [3, 2])
        self.assertEqual({(each["taskId"], each["runId"], each["workerId"])
                          for page in pages for each in page},
                         {(task_id, 0, WORKER["workerId"]) for task_id in made})


class Queues(Case):
    def test_a_queue_is_known_by_its_workers(self):
        """TQ-1 TQ-3 TQ-5 a queue is listed once a worker was there, not before"""
        _, task = self.create()
        task_queue_id = task["taskQueueId"]
        self.refused(404, "ResourceNotFound", self.queue.getTaskQueue, task_queue_id)
        self.claim(task_queue_id)
        found = self.queue.getTaskQueue(task_queue_id)
        self.assertEqual((found["taskQueueId"], found["description"], found["stability"]),
                         (task_queue_id, "", "experimental"))
        pages = []
        self.queue.listTaskQueues(paginationHandler=pages.append, paginationLimit=1)
        self.assertIn(found, [each for page in pages for each in page["taskQueues"]])

    def test_provisioners_and_worker_types(self):
        """PV-1 PV-5 WT-1 WT-4 the older views of the same"""
        task_queue_id = self.running()[1]["task"]["taskQueueId"]
        provisioner, worker_type = task_queue_id.split("/")
        self.assertEqual(self.queue.getProvisioner(provisioner)["provisionerId"], provisioner)
        self.assertIn(provisioner, [each["provisionerId"]
                                    for each in self.queue.listProvisioners()["provisioners"]])
        self.refused(404, "ResourceNotFound", self.queue.getProvisioner, "no-such-provisioner")
        found = self.queue.getWorkerType(provisioner, worker_type)
        self.assertEqual((found["provisionerId"], found["workerType"]), (provisioner, worker_type))
        self.assertIn(found, self.queue.listWorkerTypes(provisioner)["workerTypes"])


class Workers(Case):
    def setUp(self):
        super().setUp()
        self.task_queue_id = fresh_queue_id()
        self.place = self.task_queue_id.split("/")
        self.worker = (*self.place, WORKER["workerGroup"], WORKER["workerId"])

    def listed(self, **query):
        params = dict(zip(("provisionerId", "workerType"), self.place))
        return self.queue.listWorkers(params=params, query=query)["workers"]

    def test_a_worker_and_its_tasks(self):
        """WK-1 WK-8 CW-9 a worker is listed with its latest task, and has the recent ones"""
        self.assertEqual(self.listed(), [])
        made = []
        for _ in range(2):
            made.append(self.create(taskQueueId=self.task_queue_id)[0])
            self.claim(self.task_queue_id)
        [found] = self.listed()
        self.assertEqual((found["workerGroup"], found["workerId"], found["latestTask"]),
                         (*self.worker[2:], {"taskId": made[1], "runId": 0}))
        found = self.queue.getWorker(*self.worker)
        self.assertEqual([each["taskId"] for each in found["recentTasks"]], made)
        self.refused(404, "ResourceNotFound", self.queue.getWorker, *self.worker[:3], "stranger")

    def test_declare(self):
        """WK-15 WK-17 a worker is declared with its expiry; a body without it is refused"""
        expires = taskcluster.fromNow("2 days").replace(microsecond=0)
        found = self.queue.declareWorker(*self.worker, {"expires": expires})
        self.assertEqual(found["expires"], expires.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        self.refused(400, "InputValidationError", self.queue.declareWorker, *self.worker, {})

    def test_quarantine(self):
        """WK-3 WK-11 WK-12 a quarantined worker gets nothing, and the query tells them apart"""
        day = taskcluster.fromNow("1 day").replace(microsecond=0)
        quarantine = {"quarantineUntil": day, "quarantineInfo": "smokes"}
        self.refused(404, "ResourceNotFound", self.queue.quarantineWorker, *self.worker, quarantine)
        self.queue.declareWorker(*self.worker, {"expires": taskcluster.fromNow("2 days")})
        found = self.queue.quarantineWorker(*self.worker, quarantine)
        self.assertEqual(found["quarantineUntil"], day.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        self.assertEqual([len(self.listed(quarantined=which)) for which in ("true", "false")],
                         [1, 0])
        self.create(taskQueueId=self.task_queue_id)
        self.assertEqual(self.claim(self.task_queue_id), [])

    def test_workers_in_pages(self):
        """WK-5 each worker is on one page"""
        for number in range(3):
            self.queue.declareWorker(*self.worker[:3], f"w{number}",
                                     {"expires": taskcluster.fromNow("1 hour")})
        pages = []
        self.queue.listWorkers(params=dict(zip(("provisionerId", "workerType"), self.place)),
                               paginationHandler=pages.append, paginationLimit=2)
        self.assertEqual([[each["workerId"] for each in page["workers"]] for page in pages],
                         [["w0", "w1"], ["w2"]])


class Scopes(Case):
    def test_each_listing_needs_its_own(self):
        """QL-4 QL-8 TQ-4 QC-4 a listing is refused without its scope and given with it alone"""
        task_queue_id = fresh_queue_id()
        self.create(taskQueueId=task_queue_id)
        self.claim(task_queue_id)
        for method, scopes in (
                ("listPendingTasks", [f"queue:pending-list:{task_queue_id}"]),
                ("listClaimedTasks", [f"queue:claimed-list:{task_queue_id}"]),
                ("getTaskQueue", [f"queue:get-task-queue:{task_queue_id}"]),
                ("pendingTasks", [f"queue:pending-count:{task_queue_id}"]),
                ("taskQueueCounts", [f"queue:pending-count:{task_queue_id}",
                                     f"queue:claimed-count:{task_queue_id}"])):
            with self.subTest(method):
                getattr(queue(scopes=scopes), method)(task_queue_id)
                error = self.refused(403, "InsufficientScopes",
                                     getattr(queue(scopes=["queue:nothing"]), method), task_queue_id)
                for scope in scopes:
                    self.assertIn(scope, str(error))


if __name__ == "__main__":
    unittest.main()
