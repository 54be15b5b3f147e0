"""Artifacts of every kind, written and read as the client does it."""
import io
import os
import unittest
from datetime import timedelta
from unittest import mock

import requests
import taskcluster
from taskcluster import download, helper, upload

from server import CREDENTIALS, ROOT_URL, Case, anonymous, options, queue

SOON = "10 minutes"
SMALL = b"h\xc3\xa9llo\n"
# More than one piece of either side.
LARGE = bytes(range(256)) * 4096


class ArtifactCase(Case):
    def setUp(self):
        super().setUp()
        self.task_id, self.claimed = self.running()

    def make(self, name, storage_type, **fields):
        return self.queue.createArtifact(self.task_id, 0, name, {
            "storageType": storage_type, "expires": taskcluster.fromNowJSON(SOON), **fields})

    def put(self, name, data, content_type="text/plain", **headers):
        made = self.make(name, "s3", contentType=content_type)
        answer = requests.put(made["putUrl"], data=data, timeout=60,
                              headers={"Content-Type": made["contentType"], **headers})
        answer.raise_for_status()

    def get(self, name, client=None):
        """The data and content type of an artifact by the client's own download."""
        data, content_type = download.downloadArtifactToBuf(
            taskId=self.task_id, runId=0, name=name, maxRetries=0,
            queueService=client or self.queue)
        return bytes(data), content_type


class Stored(ArtifactCase):
    def test_put_and_get(self):
        """AR-1 AR-3 what is put by the URL comes back by redirect, by content and by download"""
        name = "public/a b|c+d%2F'(e)~.txt"
        self.put(name, SMALL)
        self.assertEqual(self.get(name), (SMALL, "text/plain"))
        redirect = self.queue.getArtifact(self.task_id, 0, name)
        content = self.queue.artifact(self.task_id, 0, name)
        for found in (redirect, self.queue.getLatestArtifact(self.task_id, name)):
            self.assertEqual(found["storageType"], "s3")
            self.assertEqual(requests.get(found["url"], timeout=60).content, SMALL)
        self.assertEqual(content["storageType"], "s3")
        self.assertEqual(self.queue.latestArtifact(self.task_id, name)["storageType"], "s3")

    def test_a_large_file(self):
        """a file of many pieces goes up and comes down whole"""
        self.put("private/large.bin", io.BytesIO(LARGE), "application/octet-stream")
        file = io.BytesIO()
        content_type = download.downloadArtifactToFile(
            file, taskId=self.task_id, name="private/large.bin", maxRetries=0,
            queueService=self.queue)
        self.assertEqual(content_type, "application/octet-stream")
        self.assertEqual(file.getvalue(), LARGE)

    def test_nothing_at_all(self):
        """an empty file is a file"""
        self.put("public/empty", b"")
        self.assertEqual(self.get("public/empty"), (b"", "text/plain"))

    def test_by_the_worker(self):
        """AR-8 the credentials of the run may create artifacts"""
        made = queue(self.claimed["credentials"]).createArtifact(self.task_id, 0, "public/own", {
            "storageType": "s3", "contentType": "text/plain",
            "expires": taskcluster.fromNowJSON(SOON)})
        requests.put(made["putUrl"], data=b"x", timeout=60,
                     headers={"Content-Type": "text/plain"}).raise_for_status()
        self.assertEqual(self.get("public/own")[0], b"x")

    def test_without_credentials(self):
        """HT-3 public artifacts are for everyone here, others are not"""
        self.put("public/x", SMALL)
        self.put("private/x", SMALL)
        self.assertEqual(self.get("public/x", anonymous())[0], SMALL)
        self.refused(403, "InsufficientScopes", self.get, "private/x", anonymous())

    def test_helper_of_the_client(self):
        """TaskclusterConfig.upload_artifact, as tasks use it, and its URL"""
        environment = {"TASK_ID": self.task_id, "RUN_ID": "0", "TASKCLUSTER_PROXY_URL": ROOT_URL}
        with mock.patch.dict(os.environ, environment):
            config = helper.TaskclusterConfig(ROOT_URL)
            config.auth(CREDENTIALS["clientId"], CREDENTIALS["accessToken"], max_retries=0)
            url = config.upload_artifact("public/by/helper.txt", "text", "text/plain",
                                         timedelta(minutes=10))
        self.assertTrue(url.startswith(ROOT_URL), url)
        answer = requests.get(url, timeout=60)
        self.assertEqual((answer.text, answer.headers["content-type"]), ("text", "text/plain"))


class Pointing(ArtifactCase):
    def test_reference(self):
        """AR-13 AR-16 a reference is followed, also to its newer address"""
        self.put("public/target", SMALL)
        url = self.queue.artifact(self.task_id, 0, "public/target")["url"]
        for address in ("http://nowhere.example.com/", url):
            self.make("public/ref", "reference", url=address, contentType="text/plain")
            for read in (self.queue.artifact, self.queue.getArtifact):
                self.assertEqual(read(self.task_id, 0, "public/ref"),
                                 {"storageType": "reference", "url": address})
        self.assertEqual(self.get("public/ref"), (SMALL, "text/plain"))

    def test_link(self):
        """AR-14 AR-15 a link leads to its target, in place of a reference too"""
        self.put("private/target", SMALL)
        self.make("public/log", "reference", url="http://nowhere.example.com/",
                  contentType="text/plain")
        self.make("public/log", "link", artifact="private/target", contentType="text/plain")
        self.assertEqual(self.get("public/log"), (SMALL, "text/plain"))
        info = self.queue.artifactInfo(self.task_id, 0, "public/log")
        self.assertEqual(info["storageType"], "link")
        error = self.refused(403, "InsufficientScopes", self.get, "public/log", anonymous())
        self.assertIn("queue:get-artifact:private/target", str(error))

    def test_error(self):
        """AR-12 an error artifact is raised with its reason"""
        self.make("public/gone", "error", reason="file-missing-on-worker", message="not there")
        with self.assertRaises(taskcluster.TaskclusterArtifactError) as caught:
            self.get("public/gone")
        self.assertEqual((str(caught.exception), caught.exception.reason),
                         ("not there", "file-missing-on-worker"))
        with self.assertRaises(taskcluster.TaskclusterRestFailure) as caught:
            self.queue.getArtifact(self.task_id, 0, "public/gone")
        self.assertEqual((caught.exception.status_code, caught.exception.body),
                         (424, {"reason": "file-missing-on-worker", "message": "not there"}))


class Objects(ArtifactCase):
    def send(self, name, data, by=upload.uploadFromBuf, **how):
        """Makes an object artifact of the data, by the helper that takes it as `how` says."""
        made = self.make(name, "object", contentType="text/plain")
        service = taskcluster.Object(options(made["credentials"]))
        by(projectId=made["projectId"], name=made["name"], contentType="text/plain",
           contentLength=len(data), expires=made["expires"], uploadId=made["uploadId"],
           objectService=service, maxRetries=0, **(how or {"data": data}))
        self.assertIsNone(self.queue.finishArtifact(self.task_id, 0, name,
                                                    {"uploadId": made["uploadId"]}))
        return made

    def test_small_and_large(self):
        """AR-10 uploads of both sizes (small ones the client also offers inline) come back, hashes checked"""
        for name, data in (("public/small", SMALL), ("public/large", LARGE)):
            with self.subTest(name):
                self.send(name, data)
                self.assertEqual(self.get(name), (data, "text/plain"))
                url = self.queue.getArtifact(self.task_id, 0, name)["url"]
                self.assertEqual(requests.get(url, timeout=60).content, data)

    def test_from_and_to_a_file(self):
        """AR-10 files go up and come down by the helpers for files"""
        made = self.send("private/file", LARGE, upload.uploadFromFile, file=io.BytesIO(LARGE))
        content = self.queue.latestArtifact(self.task_id, "private/file")
        self.assertEqual(content["name"], made["name"])
        file = io.BytesIO()
        service = taskcluster.Object(options(content["credentials"]))
        download.downloadToFile(file, name=content["name"], objectService=service, maxRetries=0)
        self.assertEqual(file.getvalue(), LARGE)

    def test_names_of_every_kind(self):
        """AR-10 credentials for a download work, whatever the name of the artifact"""
        for name in ("private/a b", "private/a|b", 'private/"<>\\^`{}', "private/a%2Fb", "'(~*)"):
            with self.subTest(name):
                self.send(name, SMALL)
                self.assertEqual(self.get(name)[0], SMALL)

    def test_signed_download(self):
        """the object service's download by a signed URL"""
        made = self.send("private/signed", SMALL)
        url = taskcluster.Object(options()).buildSignedUrl("download", made["name"])
        self.assertEqual(requests.get(url, timeout=60).content, SMALL)

    def test_unfinished(self):
        """AR-10 what is not finished is not there, and is not finished without its data"""
        made = self.make("public/o", "object", contentType="text/plain")
        self.refused(404, "ResourceNotFound", self.get, "public/o")
        self.refused(400, "InputError", self.queue.finishArtifact, self.task_id, 0, "public/o",
                     {"uploadId": made["uploadId"]})


class About(ArtifactCase):
    def test_listing_in_pages(self):
        """AR-6 AR-7 every artifact is listed once, with what was said of it"""
        names = [f"public/{number}" for number in range(5)]
        for name in names:
            self.make(name, "reference", url="http://nowhere.example.com/", contentType="text/x")
        pages = []
        self.queue.listArtifacts(params={"taskId": self.task_id, "runId": 0},
                                 paginationHandler=pages.append, paginationLimit=2)
        self.assertEqual([len(page["artifacts"]) for page in pages], [2, 2, 1])
        listed = [each for page in pages for each in page["artifacts"]]
        self.assertEqual([each["name"] for each in listed], names)
        self.assertEqual(self.queue.listLatestArtifacts(self.task_id)["artifacts"], listed)
        self.assertEqual(self.queue.latestArtifactInfo(self.task_id, names[0]), listed[0])

    def test_conflicts(self):
        """AR-17 AR-18 what changes an artifact, or comes after the end, is a conflict"""
        self.make("public/x", "s3", contentType="text/plain")
        self.refused(409, "RequestConflict", self.make, "public/x", "s3", contentType="text/html")
        self.queue.reportCompleted(self.task_id, 0)
        self.refused(409, "RequestConflict", self.make, "public/y", "s3", contentType="text/plain")

    def test_missing(self):
        """AR-5 unknown names, runs and tasks are not found"""
        for task_id, run, name in ((self.task_id, 0, "public/no"), (self.task_id, 7, "public/no"),
                                   (taskcluster.slugId(), 0, "public/no")):
            self.refused(404, "ResourceNotFound", self.queue.artifact, task_id, run, name)
            self.refused(404, "ResourceNotFound", self.queue.getArtifact, task_id, run, name)


if __name__ == "__main__":
    unittest.main()
