"""A queue client of the standard library alone, for the example's own calls.

Inside a task it speaks through the proxy that the worker offers, which signs for it; outside it
signs its requests itself (Hawk).
"""
import base64
import gzip
import hashlib
import hmac
import json
import os
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone


def slugid():
    """A new task id: a random UUID in 22 characters."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()


def in_seconds(seconds):
    """A time from now, as the API writes it."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def seconds_between(begin, end):
    """How long it took, from two times of the API."""
    first, last = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (begin, end))
    return (last - first).total_seconds()


class Refused(Exception):
    """What the server answered instead; `status` is 0 when it did not answer."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect carries what it leads to in its body, too."""

    def redirect_request(self, *_):
        return None


class Queue:
    def __init__(self, root_url, credentials=None):
        self.root_url = root_url.rstrip("/")
        self.credentials = credentials
        where = urllib.parse.urlsplit(self.root_url)
        self.host = where.hostname
        self.port = where.port or (443 if where.scheme == "https" else 80)
        handlers = [_NoRedirects]
        if self.host in ("127.0.0.1", "localhost", "::1"):  # no proxy leads back to here
            handlers.append(urllib.request.ProxyHandler({}))
        self.opener = urllib.request.build_opener(*handlers)

    @staticmethod
    def of_task():
        return Queue(os.environ["TASKCLUSTER_PROXY_URL"])

    # -- methods of the queue ---------------------------------------------------------------------

    def create_task(self, task_id, definition):
        return self.call("PUT", f"/task/{task_id}", definition)["status"]

    def task(self, task_id):
        return self.call("GET", f"/task/{task_id}")

    def status(self, task_id):
        return self.call("GET", f"/task/{task_id}/status")["status"]

    def cancel_task(self, task_id):
        return self.call("POST", f"/task/{task_id}/cancel")["status"]

    def group(self, group_id):
        """All members of a task group, each {status, task}."""
        members, token = [], None
        while True:
            query = "?" + urllib.parse.urlencode({"continuationToken": token}) if token else ""
            page = self.call("GET", f"/task-group/{group_id}/list{query}")
            members += page["tasks"]
            token = page.get("continuationToken")
            if not token:
                return members

    def artifact(self, task_id, name):
        """The bytes of an artifact of the task's latest run; None when there is none."""
        path = f"/task/{task_id}/artifacts/{urllib.parse.quote(name, safe='')}"
        try:
            found = self.call("GET", path)
        except Refused as refused:
            if refused.status in (404, 424):  # never made; made as an error
                return None
            raise
        with self.opener.open(found["url"], timeout=60) as response:
            data = response.read()
            packed = response.headers.get("Content-Encoding") == "gzip"
        return gzip.decompress(data) if packed else data

    # -- requests ---------------------------------------------------------------------------------

    def call(self, method, path, body=None):
        with self.open(method, "/api/queue/v1" + path, body, timeout=60) as response:
            return json.loads(response.read() or b"{}")

    def open(self, method, target, body=None, timeout=None):
        """The open response; its head has arrived. Raises Refused."""
        request = urllib.request.Request(self.root_url + target, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.credentials:
            request.add_header("Authorization", self._sign(method, target))
        try:
            return self.opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as answer:
            if answer.code == 303:
                return answer
            text = answer.read().decode(errors="replace")
            try:  # what follows the rule is for machines
                text = json.loads(text)["message"].split("\n---")[0].strip()
            except (ValueError, KeyError):
                pass
            raise Refused(answer.code, f"{method} {target}: {answer.code} {text}") from None
        except OSError as problem:
            why = getattr(problem, "reason", problem)
            raise Refused(0, f"{self.root_url} does not answer: {why}") from None

    def _sign(self, method, target):
        now, nonce = int(time.time()), secrets.token_urlsafe(6)
        ext = ""
        if self.credentials.get("certificate"):
            certificate = self.credentials["certificate"]
            if isinstance(certificate, str):
                certificate = json.loads(certificate)
            ext = base64.b64encode(json.dumps({"certificate": certificate}).encode()).decode()
        text = (f"hawk.1.header\n{now}\n{nonce}\n{method}\n{target}\n{self.host}\n{self.port}\n"
                f"\n{ext}\n")
        mac = hmac.new(self.credentials["accessToken"].encode(), text.encode(), hashlib.sha256)
        words = {"id": self.credentials["clientId"], "ts": now, "nonce": nonce, "ext": ext,
                 "mac": base64.b64encode(mac.digest()).decode()}
        return "Hawk " + ", ".join(f'{name}="{word}"' for name, word in words.items() if word)
