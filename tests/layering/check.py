#!/usr/bin/env python3
"""Checks what the structure promises. Usage: check.py [ROOT]

Who may include and link whom, where files may stand, how long they may be, how they are formatted,
that messages/ does no I/O, that no script or lock file names a host, and that the paths which
documents name exist. Prints one line a violation; exits with 1 if there is any.
"""
import pathlib
import re
import subprocess
import sys

ROOMS = {
    "messages": {"messages"},
    "runtime": {"messages", "runtime"},
    "actors": {"messages", "runtime", "actors"},
    # ui/ is not a room of actors: it holds the static files that a gateway serves.
    "gateways": {"messages", "runtime", "gateways", "ui"},
    "workers": {"messages", "runtime", "workers"},
    "app": {"messages", "runtime", "actors", "gateways", "workers", "app", "ui"},
}
EVERY_ROOM = set(ROOMS) | {"ui", "tests", "examples"}
MOST_LINES = 500
# Programs of others, as they publish them.
AS_PUBLISHED = ("ui/display_page/novnc/",)
FORMATTER = "clang-format-14"

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
IO_HEADER = re.compile(
    r"^(fstream|filesystem|iostream|thread|unistd\.h|fcntl\.h|sys/(socket|stat|types|epoll)\.h"
    r"|boost/(asio|beast)[/.].*|caf/(io|openssl)/.*|hiredis/.*|zmq.*|curl/.*|spdlog/.*)$")
CAF_FORK = re.compile(r"^[ \t]*#[ \t]*(el)?if.*CAF_VERSION", re.M)
VAGUE_NAME = re.compile(r"(^|_)(util|utils|common|helper|helpers|misc|manager_impl)($|_)")
LINK = re.compile(r"(?<![\w./:${-])(?:troupe_)?(%s)(?:_\w+)?(?![\w./:}])" % "|".join(ROOMS))
URL_HOST = re.compile(r"[a-z][a-z0-9+]*://(?:[^/\s@\"']*@)?([A-Za-z0-9.-]+)")
BARE_HOST = re.compile(
    r"(?<![\w.@/$-])((?:[a-z0-9][a-z0-9-]*\.)+(?:com|net|org|io|dev|de|eu|cloud))(?![\w.-])")
# `runtime/lane/lane.hpp` in a document, and [text](other.md).
NAMED_PATH = re.compile(r"`((?:%s|docs|script|cmake)/[\w./-]*)[^`]*`" % "|".join(EVERY_ROOM))
LOCAL_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#]+)")
OWN_HOST = re.compile(r"^(localhost|127\.0\.0\.1|example\.(com|net|org)|.*\.example(\.com)?|)$")


def listed(root, *patterns):
    """Files of the work tree that git knows or would add; all files where there is no git."""
    try:
        out = subprocess.run(
            ["git", "ls-files", "-z", "-co", "--exclude-standard", "--", *patterns],
            cwd=root, check=True, capture_output=True, text=True).stdout
        names = sorted(set(out.split("\0")) - {""})
        found = [root / name for name in names]
    except (OSError, subprocess.CalledProcessError):
        found = sorted(path for pattern in patterns for path in root.rglob(pattern.lstrip("/"))
                       if not {"build", "node_modules"} & set(path.relative_to(root).parts))
    return [path for path in found if path.is_file()]


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_includes(root, sources):
    for path in sources:
        name = path.relative_to(root)
        room = name.parts[0]
        text = path.read_text()
        for match in INCLUDE.finditer(text):
            quote, header = match.groups()
            where = f"{name}:{line_of(text, match.start())}"
            other = header.split("/")[0]
            if quote == "<" and other in ROOMS and "/" in header:
                yield f'{where} includes <{header}>; our own headers stand in quotes'
            if quote == '"' and other not in EVERY_ROOM:
                yield f'{where} includes "{header}"; write the path from the root of the repository'
            elif room in ROOMS and "/" in header and other in EVERY_ROOM - ROOMS[room]:
                yield f"{where} includes {header}; {room}/ may not know {other}/"
            if room == "messages" and IO_HEADER.match(header):
                yield f"{where} includes {header}; messages/ does no I/O"
        if room in ROOMS and path.name != "caf_compat.hpp":
            for match in CAF_FORK.finditer(text):
                yield (f"{name}:{line_of(text, match.start())} tells versions of CAF apart; "
                       "only caf_compat.hpp may")


def check_links(root):
    """Libraries named in a room's CMakeLists.txt are links to other rooms."""
    for path in listed(root, "*CMakeLists.txt"):
        name = path.relative_to(root)
        room = name.parts[0]
        if room not in ROOMS:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            line = re.sub(r'"[^"]*"', "", line.split("#")[0])
            for match in LINK.finditer(line):
                if match.group(1) not in ROOMS[room]:
                    yield (f"{name}:{number} links {match.group(0)}; "
                           f"{room}/ may not know {match.group(1)}/")


def check_files(root, sources):
    product = [path for path in sources if path.relative_to(root).parts[0] in ROOMS]
    scripts = listed(root, "script/*", "cmake/*", "ui/*.ts", "ui/*.js", "ui/*.css", "ui/*.html")
    for path in product + scripts:
        name = path.relative_to(root)
        lines = path.read_text().count("\n")
        if lines > MOST_LINES and not str(name).startswith(AS_PUBLISHED):
            yield f"{name} has {lines} lines; {MOST_LINES} are the most"
    for path in product:
        name = path.relative_to(root)
        for part in name.with_suffix("").parts:
            if VAGUE_NAME.search(part):
                yield f"{name}: '{part}' does not say what it is"
        if path.suffix == ".hpp" and "#pragma once" not in path.read_text():
            yield f"{name} lacks #pragma once"


def hosts_in(line, is_lock):
    # A lock file has the home pages of its packages; only where they come from matters.
    if is_lock and '"resolved"' not in line:
        return
    for match in URL_HOST.finditer(line):
        yield match.group(1)
    for match in BARE_HOST.finditer(line):
        yield match.group(1)


def check_hosts(root):
    for path in listed(root, "script/*", ".ci/*", "cmake/*", "*CMakeLists.txt",
                       "CMakePresets.json", "*.npmrc", "*package.json", "*package-lock.json",
                       "*requirements*.txt"):
        is_lock = path.name == "package-lock.json"
        for number, line in enumerate(path.read_text().splitlines(), 1):
            named = {host for host in hosts_in(line, is_lock) if not OWN_HOST.match(host)}
            for host in sorted(named):
                yield f"{path.relative_to(root)}:{number} names the host {host}"
    for path in listed(root, "*package-lock.json"):
        npmrc = path.with_name(".npmrc")
        if not npmrc.is_file() or "omit-lockfile-registry-resolved=true" not in npmrc.read_text():
            yield (f"{npmrc.relative_to(root)} must say omit-lockfile-registry-resolved=true, "
                   "or the lock file names hosts the next time")


def check_documents(root):
    for path in listed(root, "*.md"):
        name = path.relative_to(root)
        for number, line in enumerate(path.read_text().splitlines(), 1):
            named = [root / found for found in NAMED_PATH.findall(line)]
            named += [path.parent / found for found in LOCAL_LINK.findall(line)]
            for other in named:
                if not other.exists():
                    yield f"{name}:{number} names {other.relative_to(root)}, which is not there"


def check_format(root, sources):
    if not sources:
        return
    result = subprocess.run([FORMATTER, "--dry-run", "-Werror", *map(str, sources)],
                            cwd=root, capture_output=True, text=True)
    if result.returncode == 0:
        return
    files = []
    for line in result.stderr.splitlines():
        match = re.match(r"(.*?):(\d+):\d+: error:", line)
        if match and match.group(1) not in files:
            files.append(match.group(1))
            name = pathlib.Path(match.group(1)).relative_to(root)
            yield f"{name}:{match.group(2)} is not formatted; script/format does it"
    if not files:
        yield f"{FORMATTER}: {result.stderr.strip()}"


def violations(root):
    sources = listed(root, "*.cpp", "*.hpp")
    yield from check_includes(root, sources)
    yield from check_links(root)
    yield from check_files(root, sources)
    yield from check_hosts(root)
    yield from check_documents(root)
    yield from check_format(root, sources)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    if len(sys.argv) == 1:
        root = root.parents[2]
    found = list(violations(root))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
