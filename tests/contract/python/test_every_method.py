"""Each method that the client has, each exchange, and what it does when answers are lost."""
import http.client
import http.server
import threading
import unittest
import urllib.parse

import taskcluster

from server import ROOT_URL, Case, anonymous, definition, queue

# In the client still, but not in the API of its version.
GONE = {"declareProvisioner", "declareWorkerType"}


class EveryMethod(Case):
    def test_is_known_to_the_server(self):
        """REF-4 each call reaches its method: what fails, fails there"""
        for service in (taskcluster.Queue, taskcluster.Object):
            client = service({"rootUrl": ROOT_URL, "maxRetries": 0})
            for name, entry in service.funcinfo.items():
                with self.subTest(f"{service.__name__}.{name}"):
                    arguments = ["0" if each == "runId" else "-" for each in entry["args"]]
                    if "input" in entry:
                        arguments.append({"not": "this"})
                    try:
                        getattr(client, name)(*arguments)
                        self.assertNotIn(name, GONE)
                    except taskcluster.TaskclusterRestFailure as error:
                        about = error.body.get("requestInfo", {}).get("method")
                        self.assertEqual(about, None if name in GONE else name, error.body)

    def test_monitoring(self):
        """API-12 the calls without arguments answer everyone"""
        for client in (self.queue, anonymous(), queue({"clientId": "no", "accessToken": "no"})):
            self.assertIs(client.ping()["alive"], True)
            self.assertEqual(client.lbheartbeat(), {})
            self.assertEqual(client.heartbeat(), {})
            self.assertIn("version", client.version())


class LossyProxy(http.server.BaseHTTPRequestHandler):
    """Passes requests on, and gives away only every third answer."""

    protocol_version = "HTTP/1.1"
    seen = 0

    def do_any(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        onward = http.client.HTTPConnection(urllib.parse.urlsplit(ROOT_URL).netloc, timeout=60)
        # The name by which the client calls the server is part of what it signed.
        onward.request(self.command, self.path, body, dict(self.headers))
        answer = onward.getresponse()
        status, data = answer.status, answer.read()
        onward.close()
        type(self).seen += 1
        if self.seen % 3:
            status, data = 503, b"{}"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_any

    def log_message(self, *_):
        pass


class Repeats(Case):
    def test_lost_answers(self):
        """API-32 API-52 the client repeats after 503, and the repeat is safe"""
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), LossyProxy) as proxy:
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            try:
                client = queue(rootUrl=f"http://127.0.0.1:{proxy.server_port}", maxRetries=5)
                task_id, task = taskcluster.slugId(), definition()
                status = client.createTask(task_id, task)["status"]
            finally:
                proxy.shutdown()
        self.assertEqual(LossyProxy.seen, 3)
        self.assertEqual((status["state"], len(status["runs"])), ("pending", 1))
        self.assertEqual(self.queue.pendingTasks(task["taskQueueId"])["pendingTasks"], 1)


class Exchanges(unittest.TestCase):
    def test_names_and_patterns(self):
        """the client's names of exchanges and patterns of routing keys are those of the reference"""
        found = taskcluster.QueueEvents({"rootUrl": ROOT_URL}).taskCompleted(taskId="x")
        self.assertEqual(found["exchange"], "exchange/taskcluster-queue/v1/task-completed")
        self.assertTrue(found["routingKeyPattern"].startswith("primary.x."))


if __name__ == "__main__":
    unittest.main()
