"""What was measured: one JSON line a figure on stdout at once, and a table of all at the end."""
import json
import sys

# CPU us of hash-loop on the machine for which the wanted numbers were set. CPU figures divided by
# the machine factor (measured / this) can be compared with them, and with those of other machines.
REFERENCE_HASH_US = 1.2

figures = []
machine_factor = 1.0


def figure(name, value, unit, wanted="", **more):
    rounded = lambda number: round(number, 4) if isinstance(number, float) else number
    more = {key: rounded(number) for key, number in more.items()}
    line = {"figure": name, "value": rounded(value), "unit": unit, "wanted": wanted, **more}
    figures.append(line)
    print(json.dumps(line), flush=True)


def cpu_figure(name, value, wanted="", **more):
    figure(name, value, "us", wanted, at_reference=round(value / machine_factor, 1), **more)


def loaded(name, result, wanted, cpu_wanted):
    """What the load generator reports of requests and their cost."""
    watch = result["watch"]
    figure(name, round(result["tasks_per_s"]), "/s", wanted, errors=result["errors"],
           latency_us=result["latency_us"], cpu_s_of_others=result["other_cpu_s"])
    cpu_figure(name + " server CPU", watch["server"]["cpu_us_per_task"], cpu_wanted,
               redis_us=watch["redis"]["cpu_us_per_task"],
               client_us=result["client_cpu_us_per_request"])


def machine(rig, requests):
    """How fast this machine is: in computing, by a loop of hashes, and in computing and sockets, by
    what a ping costs both sides."""
    global machine_factor
    hash_us = rig.load(mode="hash-loop")["payload_hash_us"]
    machine_factor = hash_us / REFERENCE_HASH_US
    figure("machine: SHA-256 of 2 KB", hash_us, "us", f"reference: {REFERENCE_HASH_US}")
    figure("machine factor", round(machine_factor, 2), "x reference", "divides CPU figures")
    ping = rig.load(mode="raw", concurrency=64, tasks=requests, warmup=1000)
    cpu_figure("machine: ping, client CPU", ping["client_cpu_us_per_request"],
               server_us=ping["watch"]["server"]["cpu_us_per_task"],
               load_average=ping["loadavg"][0])


def print_table():
    print(f"{'figure':<44} {'value':>12} {'unit':<12} {'at reference':>12}  wanted",
          file=sys.stderr)
    for line in figures:
        print(f"{line['figure']:<44} {line['value']:>12} {line['unit']:<12} "
              f"{line.get('at_reference', ''):>12}  {line['wanted']}", file=sys.stderr)
