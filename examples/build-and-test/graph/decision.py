#!/usr/bin/env python3
"""The decision task: for each library a task that builds its tests and one that runs them, and one
task that sums everything up.

Environment: REPOSITORY, REVISION and LIBRARIES say what is built, BUILD_ENV (JSON) what the build
tasks get of their environment; the rest comes from the worker.
"""
import json
import os
import pathlib
import subprocess

from taskcluster import Queue, in_seconds, slugid

SCRIPTS = pathlib.Path(__file__).resolve().parent


def revision_of(repository, revision):
    """The commit that a name like HEAD stands for now, so that all tasks build the same one."""
    if len(revision) == 40 and all(c in "0123456789abcdef" for c in revision):
        return revision
    # Repositories of other users may be read, too: nothing of theirs is run by reading.
    settings = SCRIPTS / "gitconfig"
    settings.write_text("[include]\n\tpath = ~/.gitconfig\n[safe]\n\tdirectory = *\n")
    found = subprocess.run(["git", "ls-remote", repository, revision], text=True, check=True,
                           stdout=subprocess.PIPE,
                           env=os.environ | {"GIT_CONFIG_GLOBAL": str(settings)}).stdout
    if not found:
        raise SystemExit(f"{repository} has no {revision}")
    return found.split()[0]


def mount(name):
    """A file of this folder, as part of a task."""
    return {"file": name, "content": {"raw": (SCRIPTS / name).read_text()}}


class Graph:
    def __init__(self, queue):
        self.queue = queue
        self.decision = os.environ["TASK_ID"]
        self.mine = queue.task(self.decision)

    def create(self, name, description, payload, dependencies, scopes=()):
        """A task that starts when its dependencies are resolved, however that went: a task that
        misses something then says so, instead of waiting for ever."""
        task_id = slugid()
        self.queue.create_task(task_id, {
            "taskQueueId": self.mine["taskQueueId"],
            "schedulerId": self.mine["schedulerId"],
            "taskGroupId": self.mine["taskGroupId"],
            "created": in_seconds(0),
            "deadline": self.mine["deadline"],
            "expires": self.mine["expires"],
            "dependencies": [self.decision, *dependencies],
            "requires": "all-resolved",
            "scopes": list(scopes),
            "payload": {"maxRunTime": 1800, **payload},
            "metadata": {"name": name, "description": description,
                         "owner": self.mine["metadata"]["owner"],
                         "source": self.mine["metadata"]["source"]},
        })
        print(f"{task_id}  {name}", flush=True)
        return task_id

    def build(self, library, repository, revision):
        return self.create(
            f"build {library}", f"Compiles the tests of {library} at {revision[:10]}.",
            {"command": [["sh", "build.sh"]],
             "mounts": [mount("build.sh")],
             "env": {**json.loads(os.environ["BUILD_ENV"]), "REPOSITORY": repository,
                     "REVISION": revision, "PROGRAM": f"test_{library}"},
             "artifacts": [{"type": "file", "path": f"test_{library}",
                            "name": f"public/build/test_{library}"}]},
            dependencies=[])

    def test(self, library, built):
        program = f"test_{library}"
        return self.create(
            f"test {library}", f"Runs the tests of {library} that the build task compiled.",
            {"command": [["sh", "test.sh"]],
             "mounts": [mount("test.sh"),
                        {"file": program,
                         "content": {"taskId": built, "artifact": f"public/build/{program}"}}],
             "env": {"PROGRAM": program},
             "artifacts": [{"type": "file", "path": "results.xml",
                            "name": "public/results.xml"}]},
            dependencies=[built], scopes=["queue:get-artifact:public/build/*"])

    def summary(self, tasks):
        return self.create(
            "summary", "Collects the results of all tasks of the group.",
            {"command": [["python3", "summary.py"]],
             "mounts": [mount("summary.py"), mount("taskcluster.py"),
                        {"file": "tasks.json", "content": {"raw": json.dumps(tasks)}}],
             "features": {"taskclusterProxy": True},
             "artifacts": [{"type": "file", "path": f"summary.{form}",
                            "name": f"public/summary.{form}"} for form in ("md", "json")]},
            dependencies=[task["taskId"] for task in tasks],
            scopes=["queue:status:*", "queue:get-artifact:public/results.xml"])


def main():
    repository = os.environ["REPOSITORY"]
    revision = revision_of(repository, os.environ["REVISION"])
    print(f"{repository} at {revision}", flush=True)
    graph = Graph(Queue.of_task())
    tasks = []
    for library in os.environ["LIBRARIES"].split():
        built = graph.build(library, repository, revision)
        tested = graph.test(library, built)
        tasks += [{"taskId": built, "library": library, "does": "build"},
                  {"taskId": tested, "library": library, "does": "test"}]
    graph.summary(tasks)


if __name__ == "__main__":
    main()
