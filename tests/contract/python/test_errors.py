"""What goes wrong, as the client raises it."""
import socket
import unittest

import taskcluster

from server import ROOT_URL, Case, anonymous, definition, options, queue


class Errors(Case):
    def test_forbidden(self):
        """CT-3 HT-6 a refusal names the scopes that were asked for"""
        task = definition(routes=["some.route"], priority="high")
        narrow = queue(scopes=["queue:create-task:high:*"])
        error = self.refused(403, "InsufficientScopes", narrow.createTask, taskcluster.slugId(), task)
        for scope in ("queue:route:some.route", "queue:create-task:project:none",
                      f'queue:scheduler-id:{task["schedulerId"]}'):
            self.assertIn(scope, str(error))

    def test_without_credentials(self):
        """HT-1 API-44 nobody is forbidden (403), not unauthenticated (401)"""
        error = self.refused(403, "InsufficientScopes", anonymous().task, taskcluster.slugId())
        self.assertNotIsInstance(error, taskcluster.TaskclusterAuthFailure)

    def test_bad_credentials(self):
        """HT-1 API-44 an unknown client and a wrong token are authentication failures"""
        good = options()["credentials"]
        for bad in ({**good, "clientId": "static/nobody"}, {**good, "accessToken": "x" * 44}):
            with self.assertRaises(taskcluster.TaskclusterAuthFailure) as caught:
                queue(bad).task(taskcluster.slugId())
            self.assertEqual((caught.exception.status_code, caught.exception.body["code"]),
                             (401, "AuthenticationFailed"))

    def test_not_found(self):
        """API-28 an unknown task is told with what was asked"""
        task_id = taskcluster.slugId()
        for method in ("task", "status", "cancelTask", "rerunTask", "scheduleTask"):
            with self.subTest(method):
                error = self.refused(404, "ResourceNotFound", getattr(self.queue, method), task_id)
                self.assertEqual(set(error.body), {"code", "message", "requestInfo"})
                self.assertEqual(error.body["requestInfo"]["method"], method)
                self.assertEqual(error.body["requestInfo"]["params"], {"taskId": task_id})

    def test_schema(self):
        """API-35 a violation of the schema names the schema and the member"""
        error = self.refused(400, "InputValidationError", self.queue.createTask,
                             taskcluster.slugId(), definition(surprise=1))
        self.assertIn(f"{ROOT_URL}/schemas/queue/v1/create-task-request.json#", str(error))
        self.assertIn("surprise", str(error))
        self.assertEqual(error.body["requestInfo"]["payload"]["surprise"], 1)

    def test_dates(self):
        """CT-8 a deadline before the creation is an error of the input"""
        self.refused(400, "InputError", self.queue.createTask, taskcluster.slugId(),
                     definition(deadline=taskcluster.fromNowJSON("-1 minute")))

    def test_arguments(self):
        """HT-8 API-33 ids and queries have a form"""
        self.refused(400, "InvalidRequestArguments", self.queue.createTask, "no-slug", definition())
        self.refused(400, "InvalidRequestArguments", self.queue.listTaskQueues, query={"limit": "x"})

    def test_conflict(self):
        """CT-6 another task under the same id is a conflict"""
        task_id, task = self.create()
        self.refused(409, "RequestConflict", self.queue.createTask, task_id,
                     {**task, "payload": {"other": True}})

    def test_nobody_there(self):
        """a server that is not there is a failure of the connection"""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            there = f"http://127.0.0.1:{taken.getsockname()[1]}"
            with self.assertRaises(taskcluster.TaskclusterConnectionError):
                queue(rootUrl=there).ping()


if __name__ == "__main__":
    unittest.main()
