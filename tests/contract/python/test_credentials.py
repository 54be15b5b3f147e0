"""Temporary credentials, authorized scopes and signed URLs that the client makes."""
import json
import os
import unittest
from unittest import mock

import requests
import taskcluster
from taskcluster import upload

from server import CREDENTIALS, ROOT_URL, WORKER, Case, options, queue


def temporary(scopes, name=None, start="-1 minute", expiry="1 hour"):
    return taskcluster.createTemporaryCredentials(
        CREDENTIALS["clientId"], CREDENTIALS["accessToken"], taskcluster.fromNow(start),
        taskcluster.fromNow(expiry), scopes, name=name)


class Temporary(Case):
    def test_unnamed_and_named(self):
        """API-52 both kinds do what their scopes say, and no more"""
        task_id, _ = self.create()
        for name in (None, "named/by-a|test@x!+:."):
            with self.subTest(name):
                client = queue(temporary([f"queue:status:{task_id}"], name))
                self.assertEqual(client.status(task_id)["status"]["taskId"], task_id)
                error = self.refused(403, "InsufficientScopes", client.cancelTask, task_id)
                self.assertIn(name or CREDENTIALS["clientId"], str(error))

    def test_narrowed(self):
        """API-45 API-52 authorized scopes narrow permanent and temporary credentials"""
        task_id, _ = self.create()
        for credentials in (CREDENTIALS, temporary(["queue:*"])):
            client = queue(credentials, [f"queue:status:{task_id}"])
            self.assertEqual(client.status(task_id)["status"]["taskId"], task_id)
            self.refused(403, "InsufficientScopes", client.task, task_id)
        with self.assertRaises(taskcluster.TaskclusterAuthFailure):
            queue(temporary(["queue:status:*"]), ["queue:*"]).status(task_id)

    def test_past_and_future(self):
        """credentials are good in their time only, and only as they were signed"""
        task_id, _ = self.create()
        tampered = temporary(["queue:nothing"])
        certificate = json.loads(tampered["certificate"])
        tampered["certificate"] = json.dumps({**certificate, "scopes": ["*"]})
        for bad in (temporary(["*"], start="-2 hours", expiry="-1 hour"),
                    temporary(["*"], start="1 hour", expiry="2 hours"), tampered):
            with self.assertRaises(taskcluster.TaskclusterAuthFailure) as caught:
                queue(bad).status(task_id)
            self.assertEqual(caught.exception.status_code, 401)

    def test_from_the_environment(self):
        """the client finds server and credentials in its usual variables"""
        task_id, _ = self.create()
        made = temporary([f"queue:status:{task_id}"], "from/the-environment")
        with mock.patch.dict(os.environ, {
                "TASKCLUSTER_ROOT_URL": f"{ROOT_URL}/", "TASKCLUSTER_CLIENT_ID": made["clientId"],
                "TASKCLUSTER_ACCESS_TOKEN": made["accessToken"].decode(),
                "TASKCLUSTER_CERTIFICATE": made["certificate"]}):
            client = taskcluster.Queue(taskcluster.optionsFromEnvironment())
        self.assertEqual(client.status(task_id)["status"]["taskId"], task_id)


class Signed(Case):
    def test_with_and_without_query(self):
        """HT-4 API-52 signed URLs of both forms, by permanent and temporary credentials"""
        task_id, task = self.create()
        for credentials in (CREDENTIALS, temporary(["queue:*"]), temporary(["queue:*"], "named")):
            client = queue(credentials)
            for url in (client.buildSignedUrl("status", task_id),
                        client.buildSignedUrl("listTaskGroup", query={"limit": "1"},
                                              params={"taskGroupId": task["taskGroupId"]})):
                answer = requests.get(url, timeout=60)
                self.assertEqual(answer.status_code, 200, answer.text)

    def test_for_one_artifact(self):
        """AR-2 a signed URL is good for its artifact, as far as its scopes go"""
        task_id, _ = self.running()
        self.queue.createArtifact(task_id, 0, "private/a b", {
            "storageType": "reference", "url": f"{ROOT_URL}/api/queue/v1/ping",
            "contentType": "application/json", "expires": taskcluster.fromNowJSON("10 minutes")})
        for name, status in (("private/a b", 303), ("private/other", 403)):
            client = queue(scopes=[f"queue:get-artifact:{name}"])
            url = client.buildSignedUrl("getLatestArtifact", task_id, "private/a b")
            self.assertEqual(requests.get(url, timeout=60, allow_redirects=False).status_code, status)
        url = self.queue.buildSignedUrl("getArtifact", task_id, 0, "private/a b")
        self.assertIs(requests.get(url, timeout=60).json()["alive"], True)

    def test_not_for_ever_nor_for_another(self):
        """HT-2 an old, a changed, or a doubly signed request is refused"""
        task_id, _ = self.create()
        other, _ = self.create()
        good = self.queue.buildSignedUrl("status", task_id)
        old = self.queue.buildSignedUrl("status", task_id, expiration=-600)
        for answer in (requests.get(old, timeout=60),
                       requests.get(good.replace(task_id, other), timeout=60),
                       requests.get(good, timeout=60, headers={"Authorization": "Hawk id=\"x\""})):
            self.assertEqual((answer.status_code, answer.json()["code"]),
                             (401, "AuthenticationFailed"))


class Arguments(Case):
    def test_every_character_is_signed_as_it_is_sent(self):
        """API-2 API-52 names with slashes, blanks and everything that is escaped"""
        task_id, _ = self.running()
        for name in ("a/b", "a b", "a%2Fb", "a|b", "a'b", "~!*()", "a+b&c=d?e#f", '"<>\\^`{}'):
            with self.subTest(name):
                url = "http://nowhere.example.com/"
                self.queue.createArtifact(task_id, 0, name, {
                    "storageType": "reference", "url": url, "contentType": "text/plain",
                    "expires": taskcluster.fromNowJSON("10 minutes")})
                self.assertEqual(self.queue.artifact(task_id, 0, name)["url"], url)
                answer = requests.get(self.queue.buildSignedUrl("artifact", task_id, 0, name),
                                      timeout=60)
                self.assertEqual(answer.json().get("url"), url, answer.text)

    def test_beyond_ascii(self):
        """API-2 API-52 unicode is signed well, in paths where the server refuses it for its form"""
        task_id, _ = self.running()
        error = self.refused(400, "InvalidRequestArguments", self.queue.artifact, task_id, 0, "é☃𝄞")
        self.assertIn("é☃𝄞", str(error))
        text = {"text": "é☃𝄞\u2028\x7f"}
        task_id, _ = self.create(payload=text)
        self.assertEqual(self.queue.task(task_id)["payload"], text)

    def test_a_large_body(self):
        """the hash of a large body, which this client always signs, is that of its bytes"""
        task_id, _ = self.create(payload={"large": "ä" * 200_000})
        self.assertEqual(len(self.queue.task(task_id)["payload"]["large"]), 200_000)

    def test_nothing_comes_back(self):
        """API-24 an answer without a body is None"""
        task_id, _ = self.running()
        made = self.queue.createArtifact(task_id, 0, "public/o", {
            "storageType": "object", "contentType": "text/plain",
            "expires": taskcluster.fromNowJSON("10 minutes")})
        upload.uploadFromBuf(
            projectId=made["projectId"], name=made["name"], contentType="text/plain", data=b"x",
            contentLength=1, expires=made["expires"], uploadId=made["uploadId"],
            objectService=taskcluster.Object(options(made["credentials"])))
        self.assertIsNone(self.queue.finishArtifact(task_id, 0, "public/o",
                                                    {"uploadId": made["uploadId"]}))


class Claims(Case):
    def test_run_credentials_pass_on_less(self):
        """credentials of a run, narrowed by the client, do only that"""
        task_id, claim = self.running()
        narrow = queue(claim["credentials"], [f"queue:reclaim-task:{task_id}/0"])
        self.assertEqual(narrow.reclaimTask(task_id, 0)["workerId"], WORKER["workerId"])
        self.refused(403, "InsufficientScopes", narrow.reportCompleted, task_id, 0)


if __name__ == "__main__":
    unittest.main()
