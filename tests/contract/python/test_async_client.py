"""The client's asynchronous half, which sends its requests by another library."""
import asyncio
import io
import unittest

import taskcluster
import taskcluster.aio
import taskcluster.aio.download
import taskcluster.aio.upload

from server import WORKER, definition, options


class Async(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.session = taskcluster.aio.createSession()
        self.addAsyncCleanup(self.session.close)
        self.queue = taskcluster.aio.Queue(options(), session=self.session)

    async def test_many_tasks_at_once(self):
        """CW-3 TG-2 tasks are created, claimed, reclaimed and resolved by many calls at a time"""
        task = definition()
        ids = sorted(taskcluster.slugId() for _ in range(20))
        await asyncio.gather(*(self.queue.createTask(task_id, task) for task_id in ids))
        claims = (await self.queue.claimWork(task["taskQueueId"], {**WORKER, "tasks": 20}))["tasks"]
        self.assertEqual(sorted(each["status"]["taskId"] for each in claims), ids)

        async def work(claim):
            place = claim["status"]["taskId"], claim["runId"]
            worker = taskcluster.aio.Queue(options(claim["credentials"]), session=self.session)
            again = await worker.reclaimTask(*place)
            worker = taskcluster.aio.Queue(options(again["credentials"]), session=self.session)
            return (await worker.reportCompleted(*place))["status"]["state"]

        self.assertEqual(set(await asyncio.gather(*map(work, claims))), {"completed"})
        pages = []
        await self.queue.listTaskGroup(params={"taskGroupId": task["taskGroupId"]},
                                       paginationHandler=pages.append, paginationLimit=8)
        self.assertEqual([each["status"]["taskId"] for page in pages for each in page["tasks"]], ids)

    async def test_artifacts(self):
        """AR-10 objects go up and come down by the asynchronous helpers"""
        task = definition()
        task_id = taskcluster.slugId()
        await self.queue.createTask(task_id, task)
        await self.queue.claimWork(task["taskQueueId"], WORKER)
        data = bytes(range(256)) * 1024
        made = await self.queue.createArtifact(task_id, 0, "private/a b|c", {
            "storageType": "object", "contentType": "text/plain",
            "expires": taskcluster.fromNowJSON("10 minutes")})
        service = taskcluster.aio.Object(options(made["credentials"]), session=self.session)
        await taskcluster.aio.upload.uploadFromBuf(
            data=data, projectId=made["projectId"], name=made["name"], contentType="text/plain",
            contentLength=len(data), expires=made["expires"], uploadId=made["uploadId"],
            objectService=service)
        await self.queue.finishArtifact(task_id, 0, "private/a b|c", {"uploadId": made["uploadId"]})
        found, _ = await taskcluster.aio.download.downloadArtifactToBuf(
            taskId=task_id, name="private/a b|c", queueService=self.queue)
        self.assertEqual(bytes(found), data)
        file = io.BytesIO()
        await taskcluster.aio.download.downloadArtifactToFile(
            file, taskId=task_id, runId=0, name="private/a b|c", queueService=self.queue)
        self.assertEqual(file.getvalue(), data)

    async def test_errors(self):
        """API-28 refusals are raised with status and body"""
        with self.assertRaises(taskcluster.TaskclusterRestFailure) as caught:
            await self.queue.status(taskcluster.slugId())
        self.assertEqual((caught.exception.status_code, caught.exception.body["code"]),
                         (404, "ResourceNotFound"))
        nobody = {"clientId": "static/nobody", "accessToken": "x"}
        with self.assertRaises(taskcluster.TaskclusterAuthFailure):
            await taskcluster.aio.Queue(options(nobody)).status(taskcluster.slugId())


if __name__ == "__main__":
    unittest.main()
