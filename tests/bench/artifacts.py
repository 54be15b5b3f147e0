"""What large artifacts cost: one file up to the local store and down again, over HTTP."""
import hashlib
import http.client
import os
import pathlib
import sys
import time
import urllib.parse

from figures import figure
from rig import cpu_s, definition, slugid

BLOCK = os.urandom(1 << 20)


def written_with_hash(path, megabytes):
    """Seconds to write such a file with its SHA-256 and have it on the disk: what the store does,
    without a network."""
    began = time.perf_counter()
    digest = hashlib.sha256()
    with open(path, "wb") as out:
        for _ in range(megabytes):
            digest.update(BLOCK)
            out.write(BLOCK)
        out.flush()
        os.fsync(out.fileno())
    seconds = time.perf_counter() - began
    os.unlink(path)
    return seconds


def peak_rss_mb(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def connect(url):
    parts = urllib.parse.urlparse(url)
    return http.client.HTTPConnection(parts.netloc), parts.path + "?" + parts.query


def upload(url, megabytes, content_type):
    connection, path = connect(url)
    began = time.perf_counter()
    connection.putrequest("PUT", path)
    connection.putheader("Content-Type", content_type)
    connection.putheader("Content-Length", str(megabytes << 20))
    connection.endheaders()
    for _ in range(megabytes):
        connection.sock.sendall(BLOCK)
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        sys.exit(f"the upload failed: {response.status} {text[:300]}")
    return time.perf_counter() - began


def download(url, megabytes):
    connection, path = connect(url)
    began = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    buffer, got = bytearray(1 << 20), 0
    while count := response.readinto(buffer):
        got += count
    if response.status != 200 or got != megabytes << 20:
        sys.exit(f"the download failed: {response.status}, {got} bytes")
    return time.perf_counter() - began


def location(rig, path):
    parts = urllib.parse.urlparse(rig.url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", path, headers=rig.authorization("GET", path))
    response = connection.getresponse()
    response.read()
    if response.status != 303:
        sys.exit(f"{path}: {response.status}")
    return response.headers["Location"]


def rate(megabytes, seconds):
    return round(megabytes / seconds)


def large_artifact(rig, megabytes):
    rig.start_empty()
    queue, task, kind = "bench/artifact", slugid(), "application/octet-stream"
    rig.call("PUT", f"/api/queue/v1/task/{task}", definition(queue))
    rig.call("POST", "/api/queue/v1/claim-work/" + urllib.parse.quote(queue, safe=""),
             {"workerGroup": "g", "workerId": "w", "tasks": 1})
    put = rig.call("POST", f"/api/queue/v1/task/{task}/runs/0/artifacts/public/big",
                   {"storageType": "s3", "contentType": kind,
                    "expires": time.strftime("%Y-%m-%dT%H:%M:%S.000Z",
                                             time.gmtime(time.time() + 3600))})
    pid = rig.server.pid
    plain = written_with_hash(rig.dir.name + "/plain", megabytes)
    before, cpu = rig.rss_mb(pid), cpu_s(pid)
    forget_peak(pid)
    up = upload(put["putUrl"], megabytes, kind)
    up_cpu, cpu = cpu_s(pid) - cpu, cpu_s(pid)
    down = download(location(rig, f"/api/queue/v1/task/{task}/runs/0/artifacts/public/big"),
                    megabytes)
    down_cpu = cpu_s(pid) - cpu
    wanted = f">= {0.6 * megabytes / plain:.0f}, 0.6 of writing it with SHA-256"
    figure(f"artifact of {megabytes:,} MB, upload", rate(megabytes, up), "MB/s", wanted,
           written_mb_s=rate(megabytes, plain), server_us_per_mb=up_cpu * 1e6 / megabytes)
    figure(f"artifact of {megabytes:,} MB, download", rate(megabytes, down), "MB/s", wanted,
           server_us_per_mb=down_cpu * 1e6 / megabytes)
    figure("memory more than before, at most", round(peak_rss_mb(pid) - before, 1), "MB",
           "constant")
