#!/usr/bin/env python3
"""Tests of check.py: every rule is broken once, in a tree of its own."""
import pathlib
import subprocess
import tempfile
import unittest

import check


class CheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        subprocess.run(["git", "init", "-q", self.root], check=True)
        # What the repository has itself, so that files here are judged alike.
        style = pathlib.Path(__file__).resolve().parents[2] / ".clang-format"
        self.write(".clang-format", style.read_text())

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def found(self):
        return list(check.violations(self.root))

    def assert_found(self, *parts):
        lines = self.found()
        self.assertEqual(len(lines), len(parts), lines)
        for line, part in zip(lines, parts):
            self.assertIn(part, line)

    def test_a_clean_tree_passes(self):
        self.write("actors/task/task.hpp",
                   '#pragma once\n\n#include <vector>\n\n#include "runtime/lane/lane.hpp"\n')
        self.write("gateways/CMakeLists.txt", "troupe_library(gateways_rest DEPS runtime_lane)\n")
        self.write("script/up", "curl http://127.0.0.1:8080/ # see https://example.com/x\n")
        self.assert_found()

    def test_gateways_do_not_include_actors(self):
        self.write("gateways/rest/door.cpp", '#include "actors/task/task.hpp"\n')
        self.assert_found("gateways/ may not know actors/")

    def test_nobody_includes_tests(self):
        self.write("app/main.cpp", '#include "tests/support/redis_server.hpp"\n')
        self.assert_found("app/ may not know tests/")

    def test_the_runtime_does_not_include_app_even_by_angle_brackets(self):
        self.write("runtime/lane/lane.cpp", "#include <app/node.hpp>\n")
        self.assert_found("stand in quotes", "runtime/ may not know app/")

    def test_includes_are_written_from_the_root(self):
        self.write("workers/loop/loop.cpp", '#include "../worker.hpp"\n\n#include "loop.hpp"\n')
        self.assert_found("from the root", "from the root")

    def test_messages_do_no_io(self):
        self.write("messages/ids.cpp", "#include <boost/asio/io_context.hpp>\n#include <fstream>\n")
        self.assert_found("messages/ does no I/O", "messages/ does no I/O")

    def test_links_keep_to_the_rooms(self):
        self.write("workers/CMakeLists.txt",
                   "# actors_task is for app alone\ntroupe_library(workers DEPS actors_task)\n")
        self.write("gateways/CMakeLists.txt", "target_link_libraries(x PUBLIC troupe_workers)\n")
        self.assert_found("gateways/ may not know workers/", "workers/ may not know actors/")

    def test_only_one_file_tells_versions_of_caf_apart(self):
        fork = "#if CAF_VERSION >= 10000\n#endif\n"
        self.write("runtime/lane/caf_compat.hpp", "#pragma once\n" + fork)
        self.write("actors/task/task.cpp", fork)
        self.assert_found("actors/task/task.cpp:1 tells versions of CAF apart")

    def test_long_files_vague_names_and_missing_guards(self):
        self.write("app/long.cpp", "\n" * 501)
        self.write("app/string_utils.hpp", "")
        self.write("ui/display_page/page.js", "\n" * 501)
        self.write("ui/display_page/novnc/core/rfb.js", "\n" * 501)
        lines = "\n".join(self.found())
        self.assertIn("app/long.cpp has 501 lines", lines)
        self.assertIn("ui/display_page/page.js has 501 lines", lines)
        self.assertNotIn("rfb.js", lines)
        self.assertIn("'string_utils' does not say what it is", lines)
        self.assertIn("app/string_utils.hpp lacks #pragma once", lines)

    def test_scripts_and_lock_files_name_no_hosts(self):
        self.write("script/bootstrap", "curl https://downloads.troupe-mirror.org/caf.tar\n")
        self.write("cmake/Caf.cmake", "set(mirror ftp.troupe-mirror.net)\n")
        self.write("tests/contract/package-lock.json",
                   '"resolved": "https://registry.troupe-mirror.org/ws.tgz"\n'
                   '"url": "https://sponsors.troupe-mirror.org"\n')
        self.write("tests/contract/.npmrc", "")
        self.assert_found("host ftp.troupe-mirror.net", "host downloads.troupe-mirror.org",
                          "host registry.troupe-mirror.org", "omit-lockfile-registry-resolved")

    def test_documents_name_what_is_there(self):
        self.write("runtime/lane/lane.hpp", "#pragma once\n")
        self.write("docs/a.md", "`runtime/lane/lane.hpp`, `tests/`, [b](b.md), [c](https://example.com)\n"
                   "`runtime/lane/gone.hpp` and [d](d.md), but `<noun>_actor` and `script/up --once`\n")
        self.write("docs/b.md", "")
        self.write("script/up", "")
        self.write("tests/x.txt", "")
        self.assert_found("docs/a.md:2 names runtime/lane/gone.hpp", "docs/a.md:2 names docs/d.md")

    def test_everything_is_formatted(self):
        self.write("tests/unit/x.cpp", "int  main( ){}\n")
        self.assert_found("tests/unit/x.cpp:1 is not formatted")


if __name__ == "__main__":
    unittest.main()
