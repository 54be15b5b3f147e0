#!/usr/bin/env python3
"""Prints the events of a Troupe server, and misses none: it notices gaps by the numbers of the
events, and after a reconnect, and asks the server to replay what it missed.

subscriber.py [--pub ADDRESS] [--router ADDRESS] [--after ID] [EXCHANGE [PATTERN]]
subscriber.py exchange/taskcluster-queue/v1/task-completed 'route.index.#'
"""
import argparse
import json
import sys

import zmq
from zmq.utils.monitor import recv_monitor_message

HEARTBEAT = b"heartbeat|"
MOST_IDS = 200_000


def parse_id(text):
    """(ms, stream, n) of `<ms>-<stream>.<n>`."""
    ms, _, rest = text.partition("-")
    shard, _, n = rest.partition(".")
    return int(ms), shard, int(n)


def matches(pattern, key):
    """Whether a routing key matches, word by word: * is one word, # any number of them."""
    def from_word(want, have):
        if not want:
            return not have
        if want[0] == "#":
            return any(from_word(want[1:], have[i:]) for i in range(len(have) + 1))
        return bool(have) and want[0] in ("*", have[0]) and from_word(want[1:], have[1:])
    return from_word(pattern.split(".") if pattern else [], key.split(".") if key else [])


def prefix_of(exchange, pattern):
    """What to subscribe to: ZeroMQ compares bytes, so the pattern counts up to its first wildcard."""
    if not exchange:
        return "exchange/"
    prefix = exchange + "|"
    for word in pattern.split("."):
        if word in ("*", "#"):
            break
        prefix += word + "."
    return prefix


class Numbering:
    """The events of a shard are numbered without gaps, so who subscribes to all of them sees what
    is missing."""

    def __init__(self):
        self.newest = {}
        self.all_known = False

    def passes_over(self, event_id):
        """Whether events are missing before this one."""
        _, shard, n = parse_id(event_id)
        known = self.newest.get(shard, 0 if self.all_known else n - 1)
        self.newest[shard] = max(known, n)
        return n > known + 1

    def lacks(self, newest):
        """Takes the newest id of each shard; whether events are missing up to there."""
        gap = False
        for event_id in newest:
            _, shard, n = parse_id(event_id)
            known = self.newest.get(shard, 0 if self.all_known else n)
            gap = gap or n > known
            self.newest[shard] = max(known, n)
        self.all_known = True  # shards that were not named have no events yet
        return gap


class Subscriber:
    def __init__(self, options):
        self.exchange, self.pattern = options.exchange, options.pattern
        self.after = options.after  # all up to here was seen
        self.seen = {}
        self.numbers = Numbering()
        self.fresh_connection = False
        self.replaying = False
        self.ask_again = False  # something may have been missed since the replay began
        self.silent_beats = 0  # heartbeats since the last word of the replay

        context = zmq.Context.instance()
        self.live = context.socket(zmq.SUB)
        self.live.rcvhwm = 0
        self.replay = context.socket(zmq.DEALER)
        self.replay.rcvhwm = 0
        self.connection = self.live.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        # Heartbeats come after the rest: the first one says that the server knows the subscription.
        self.live.subscribe(prefix_of(self.exchange, self.pattern))
        self.live.subscribe(HEARTBEAT)
        self.live.connect(options.pub)
        self.replay.connect(options.router)

    def run(self):
        poller = zmq.Poller()
        for socket in (self.connection, self.live, self.replay):
            poller.register(socket, zmq.POLLIN)
        while True:
            for socket, _ in poller.poll():
                if socket is self.connection:
                    recv_monitor_message(socket)
                    self.connected()
                elif socket is self.live:
                    self.take_live(*socket.recv_multipart())
                else:
                    self.take_replayed(*socket.recv_multipart())

    def connected(self):
        self.fresh_connection = self.after is not None
        self.replaying = False  # what was asked of the former server is not answered any more
        print("connected", file=sys.stderr, flush=True)
        self.ask_for_replay()

    def ask_for_replay(self):
        """REPLAY gives everything after an id, beginning two seconds earlier, of all shards."""
        if not self.after:
            return
        self.ask_again = self.replaying
        if self.replaying:
            return
        self.replaying, self.silent_beats = True, 0
        request = {"after": self.after}
        if self.exchange:
            request |= {"exchange": self.exchange, "pattern": self.pattern}
        self.replay.send_multipart([b"REPLAY", json.dumps(request).encode()])

    def take_live(self, topic, meta, payload):
        about = json.loads(meta)
        if topic == HEARTBEAT:
            return self.take_heartbeat(about["newest"])
        if not self.exchange and self.numbers.passes_over(about["id"]):
            self.notice_gap()
        return self.show(about)

    def take_heartbeat(self, newest):
        """All events up to the ids that it names were sent before it. Only the numbers of all
        events show whether they came; who filters replays once more what a new connection may have
        missed."""
        if self.replaying:
            self.silent_beats += 1
            if self.silent_beats > 2:  # the request or its answer was lost with a connection
                self.replaying = False
                self.ask_for_replay()
            return
        fresh, self.fresh_connection = self.fresh_connection, False
        if fresh and self.exchange:
            self.ask_for_replay()
        elif not self.exchange and self.numbers.lacks(newest):
            self.notice_gap()
        else:
            self.after = max([self.after, *newest] if self.after else newest, key=parse_id,
                             default=None)

    def notice_gap(self):
        if not self.replaying:
            print("gap: events passed by; asking for a replay", file=sys.stderr, flush=True)
        self.ask_for_replay()

    def take_replayed(self, kind, *rest):
        self.silent_beats = 0
        if kind == b"MSG":
            self.show(json.loads(rest[1]))
            return
        if kind == b"END":
            end = json.loads(rest[0])
            print(f"replayed {end['events']} events", file=sys.stderr, flush=True)
            if end["gap"]:
                print("lost: some events are older than what the server keeps", file=sys.stderr,
                      flush=True)
            for event_id in end["newest"]:
                self.numbers.passes_over(event_id)
        else:
            print("no replay:", rest[0].decode(), file=sys.stderr, flush=True)
        self.replaying = False
        if self.ask_again:
            self.ask_again = False
            self.ask_for_replay()

    def show(self, about):
        """An event comes once for each of its keys, and again by replays."""
        wanted = not self.exchange or about["exchange"] == self.exchange and any(
            matches(self.pattern, key) for key in [about["routingKey"], *about["cc"]])
        if not wanted or about["id"] in self.seen:
            return
        self.seen[about["id"]] = None
        if len(self.seen) > MOST_IDS:
            del self.seen[next(iter(self.seen))]
        self.after = self.after or about["id"]
        print(about["id"], about["exchange"].rsplit("/", 1)[-1], about["routingKey"],
              *(["(replayed)"] if about["redelivered"] else []), flush=True)


parser = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--pub", default="tcp://127.0.0.1:5701", help="the server's event feed")
parser.add_argument("--router", default="tcp://127.0.0.1:5702", help="where it replays")
parser.add_argument("--after", help="id of the last event that was seen before")
parser.add_argument("exchange", nargs="?", help="one exchange only; all without it")
parser.add_argument("pattern", nargs="?", default="#",
                    help="routing keys, with * for a word and # for any words")
try:
    Subscriber(parser.parse_args()).run()
except KeyboardInterrupt:
    pass
