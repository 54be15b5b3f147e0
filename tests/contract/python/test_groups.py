"""Task groups: listing, sealing, cancelling, priorities."""
import unittest

import taskcluster

from server import Case, definition, queue


class Groups(Case):
    def group(self, count, **overrides):
        """So many tasks of one group and queue: their sorted ids and the definition."""
        task = definition(**overrides)
        ids = sorted(taskcluster.slugId() for _ in range(count))
        for task_id in ids:
            self.queue.createTask(task_id, task)
        return ids, task

    def test_all_at_once(self):
        """TG-1 TG-3 a group's tasks come with status and definition; an unknown one is not found"""
        ids, task = self.group(3)
        found = self.queue.listTaskGroup(task["taskGroupId"])
        self.assertNotIn("continuationToken", found)
        self.assertEqual(found["taskGroupId"], task["taskGroupId"])
        self.assertEqual([each["status"]["taskId"] for each in found["tasks"]], ids)
        self.assertEqual(found["tasks"][0]["task"], self.queue.task(ids[0]))
        self.refused(404, "ResourceNotFound", self.queue.listTaskGroup, taskcluster.slugId())

    def test_page_by_page(self):
        """TG-2 PG-1 PG-2 the client's own paging visits each task once"""
        ids, task = self.group(5)
        for limit, sizes in ((2, [2, 2, 1]), (5, [5]), (9, [5])):
            with self.subTest(limit):
                pages = []
                self.queue.listTaskGroup(params={"taskGroupId": task["taskGroupId"]},
                                         paginationHandler=pages.append, paginationLimit=limit)
                self.assertEqual([len(page["tasks"]) for page in pages], sizes)
                self.assertEqual([each["status"]["taskId"] for page in pages
                                  for each in page["tasks"]], ids)

    def test_tokens_by_hand(self):
        """PG-3 PG-4 a token goes on with another limit, and a bad one is refused"""
        ids, task = self.group(4)
        def page(**query):
            return self.queue.listTaskGroup(params={"taskGroupId": task["taskGroupId"]}, query=query)
        token = page(limit=1)["continuationToken"]
        rest = page(limit=3, continuationToken=token)
        self.assertNotIn("continuationToken", rest)
        self.assertEqual([each["status"]["taskId"] for each in rest["tasks"]], ids[1:])
        self.refused(400, "InputError", page, continuationToken="this-is-rubbish")

    def test_seal(self):
        """TG-5 TG-7 CT-14 a sealed group says so and takes no more tasks"""
        _, task = self.group(1)
        group = self.queue.getTaskGroup(task["taskGroupId"])
        self.assertEqual(group["schedulerId"], task["schedulerId"])
        self.assertNotIn("sealed", group)
        sealed = self.queue.sealTaskGroup(task["taskGroupId"])
        self.assertEqual(self.queue.getTaskGroup(task["taskGroupId"]), sealed)
        self.assertIn("sealed", sealed)
        self.refused(409, "RequestConflict", self.queue.createTask, taskcluster.slugId(), task)

    def test_seal_needs_its_scope(self):
        """TG-8 the exact scope suffices, another does not"""
        _, task = self.group(1)
        def scope(group):
            return [f'queue:seal-task-group:{task["schedulerId"]}/{group}']
        group = task["taskGroupId"]
        self.refused(403, "InsufficientScopes",
                     queue(scopes=scope(taskcluster.slugId())).sealTaskGroup, group)
        self.assertEqual(queue(scopes=scope(group)).sealTaskGroup(group)["taskGroupId"], group)

    def test_cancel(self):
        """TG-9 TG-10 TG-12 a sealed group is cancelled, what is resolved stays as it is"""
        ids, task = self.group(4)
        group = task["taskGroupId"]
        self.refused(409, "RequestConflict", self.queue.cancelTaskGroup, group)
        self.queue.sealTaskGroup(group)
        [claim] = self.claim(task["taskQueueId"])
        done = claim["status"]["taskId"]
        self.queue.reportCompleted(done, 0)
        found = self.queue.cancelTaskGroup(group)
        others = [task_id for task_id in ids if task_id != done]
        self.assertEqual((found["taskGroupSize"], found["cancelledCount"],
                          sorted(found["taskIds"])), (4, 3, others))
        self.assertEqual({self.state(task_id) for task_id in others}, {"exception"})
        self.assertEqual(self.state(done), "completed")
        self.assertEqual(self.queue.cancelTaskGroup(group)["cancelledCount"], 0)

    def test_priority(self):
        """TG-14 all tasks of a group change their priority together"""
        ids, task = self.group(3)
        found = self.queue.changeTaskGroupPriority(task["taskGroupId"],
                                                   {"newPriority": "very-high"})
        self.assertEqual(found["tasksAffected"], 3)
        self.assertEqual({self.queue.task(task_id)["priority"] for task_id in ids}, {"very-high"})


if __name__ == "__main__":
    unittest.main()
