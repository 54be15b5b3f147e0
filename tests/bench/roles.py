"""10,000 roles in a tree and 10,000 clients: how soon a change counts."""
import json
import statistics
import sys
import time

from figures import figure

BRANCHES = 10


def counted(rig, connection, verb, path, bodies):
    """Milliseconds until each of the changes was answered, which is when all lanes go by it."""
    took = []
    for body in bodies:
        headers = {**rig.authorization(verb, path), "Content-Type": "application/json"}
        text = json.dumps(body)
        began = time.perf_counter()
        connection.request(verb, path, text, headers)
        response = connection.getresponse()
        answer = response.read()
        took.append((time.perf_counter() - began) * 1000)
        if response.status != 200:
            sys.exit(f"{verb} {path}: {response.status} {answer[:400]}")
    return took


def tell(name, took, wanted):
    figure(name, round(statistics.median(took), 2), "ms", wanted, worst_ms=round(max(took), 2))


def roles(rig, many):
    rig.start_empty()
    before = rig.rss_mb(rig.server.pid)
    connection = rig.connection()
    for i in reversed(range(many)):
        scopes = [f"right:{i}", f"queue:route:some.route.{i}.*"]
        scopes += [f"assume:r{j}" for j in range(BRANCHES * i + 1, BRANCHES * (i + 1) + 1) if j < many]
        rig.call("PUT", f"/api/auth/v1/roles/r{i}", {"scopes": scopes, "description": f"role {i}"},
                 connection)
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    for i in range(many):
        rig.call("PUT", f"/api/auth/v1/clients/bench%2F{i}",
                 {"scopes": [f"assume:r{i}"], "description": f"client {i}", "expires": expires},
                 connection)
    figure(f"{many:,} roles and clients, server", round(rig.rss_mb(rig.server.pid), 1), "MB",
           "<= 100", empty_mb=round(before, 1))
    leaf = f"r{many - 1}"
    tell(f"a changed role of {many:,}", counted(
        rig, connection, "POST", f"/api/auth/v1/roles/{leaf}",
        [{"scopes": [f"right:{n}"], "description": "changed"} for n in range(50)]), "<= 10")
    root = [f"assume:r{j}" for j in range(1, BRANCHES + 1)]
    took = []
    for n in range(10):
        rig.call("POST", "/api/auth/v1/roles/r0", {"scopes": [], "description": "cut"}, connection)
        took += counted(rig, connection, "POST", "/api/auth/v1/roles/r0",
                        [{"scopes": root + [f"right:{n}"], "description": "the root of all"}])
    tell(f"a role that comes to lead to {many:,}", took, "<= 10")
    tell("a changed client", counted(
        rig, connection, "POST", "/api/auth/v1/clients/bench%2F0",
        [{"scopes": [f"assume:r{many - 1}", f"right:{n}"], "description": "changed",
          "expires": expires} for n in range(50)]), "<= 10")
    some = {"scopes": [f"assume:r{many - 1 - i}" for i in range(min(1000, many))]}
    tell("expandScopes of 1,000 roles", counted(rig, connection, "POST",
                                                "/api/auth/v1/scopes/expand", [some] * 30), "<= 3")
    figure(f"{many:,} roles and clients, changed and asked for",
           round(rig.rss_mb(rig.server.pid), 1), "MB", "<= 100")
    rig.kill_server()
    began = time.time()
    rig.start()
    figure(f"restart with {many:,} roles and clients", round(time.time() - began, 2), "s", "<= 1",
           rss_mb=round(rig.rss_mb(rig.server.pid), 1))
