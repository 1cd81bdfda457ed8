"""tests/aws/bench/run [--zip PATH]: cold start, warm times and memory of the ingest function beside
the same work in Node 20, in one run on one runtime."""

import argparse
import asyncio
import gc
import json
import math
import os
import platform
import sys
from pathlib import Path

from bench import deliveries, node, same
from bench.endpoint import Endpoint
from bench.function import CORES, MEMORY_MB, Function

ZIP = Path(__file__).parents[3] / "target" / "lambda" / "ingest" / "bootstrap.zip"
SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhook-AbCdEf"
INLINE_LIMIT = 950_000
SETTLE = 200  # requests before the first that counts: an environment lives for hours
SETTLE_LARGE = 5
EVEN = 0.05  # a difference up to here is none


class Times:
    """What was measured of one function."""

    def __init__(self):
        self.init, self.cold, self.warm, self.cpu, self.memory = [], [], {}, {}, {}


class Run:
    """All functions, one endpoint, every event checked after its block."""

    def __init__(self, functions, endpoint, args):
        self.functions, self.endpoint, self.args = functions, endpoint, args
        self.times = {function: Times() for function in functions}
        self.small = {"10 KB": deliveries.around(10_000), "25 KB": deliveries.around(25_000)}
        self.large = {"3 MB": [deliveries.large(3_000_000)]}

    async def measure(self):
        for function in self.functions:  # the first start reads files that later ones find in memory
            (await function.start()).stop()
        warm = {function: await function.start() for function in self.functions}
        for function, environment in warm.items():
            for payloads in self.small.values():
                await self.block(environment, payloads, SETTLE // len(self.small))
            self.times[function].memory["started"] = environment.peak_memory()
        for number in range(self.args.rounds):
            say(f"round {number + 1} of {self.args.rounds}")
            await self.cold(share(self.args.starts, self.args.rounds, number))
            await self.warm(warm, self.small, share(self.args.requests, self.args.rounds, number))
        self.note_memory(warm, "10 and 25 KB")
        for environment in warm.values():
            await self.block(environment, self.large["3 MB"], SETTLE_LARGE)
        for number in range(self.args.rounds):
            await self.warm(warm, self.large, share(self.args.large, self.args.rounds, number))
        self.note_memory(warm, "3 MB")
        for environment in warm.values():
            environment.stop()

    async def cold(self, starts):
        event, payload = self.small["10 KB"][0]
        for _ in range(starts):
            for function in self.turns():
                delivery = deliveries.Delivery(event, payload)
                reads = self.endpoint.secret_reads
                environment = await function.start()
                taken, answer = await environment.invoke(delivery.input)
                self.times[function].init.append(environment.init)
                self.times[function].cold.append(environment.given + taken - environment.started)
                assert self.endpoint.secret_reads == reads + 2, "a start reads the secret's two versions"
                self.check([delivery], [answer], environment)
                environment.stop()

    async def warm(self, warm, sizes, count):
        for size, payloads in sizes.items():
            for function in self.turns():
                before = warm[function].cpu()
                taken = await self.block(warm[function], payloads, count)
                times = self.times[function]
                times.warm.setdefault(size, []).extend(taken)
                times.cpu.setdefault(size, []).append(warm[function].cpu() - before)

    async def block(self, environment, payloads, count):
        """The times of `count` events, one after the other."""
        events = [deliveries.Delivery(*payloads[number % len(payloads)]) for number in range(count)]
        gc.collect()
        gc.disable()
        got = [await environment.invoke(delivery.input) for delivery in events]
        gc.enable()
        self.check(events, [answer for _, answer in got], environment)
        return [seconds for seconds, _ in got]

    def check(self, events, answers, environment):
        """That the work was done: answers, entries, objects, log lines."""
        entries, objects = self.endpoint.taken()
        assert len(entries) == len(events), f"{len(entries)} entries of {len(events)} deliveries"
        log = environment.text()
        for delivery, answer, entry in zip(events, answers, entries, strict=True):
            delivery.check_answer(answer)
            delivery.check_entry(entry, objects)
            assert delivery.id in log, f"the log does not tell of delivery {delivery.id}: {log[-500:]}"

    def turns(self):
        """The functions, the other one first than the last time."""
        self.functions.reverse()
        return list(self.functions)

    def note_memory(self, warm, after):
        for function, environment in warm.items():
            self.times[function].memory[after] = environment.peak_memory()


def share(total, rounds, number):
    """How many of `total` fall to this round."""
    return total // rounds + (number < total % rounds)


def percentile(values, percent):
    """Nearest rank: a value that occurred."""
    return sorted(values)[math.ceil(percent * len(values) / 100) - 1]


def figures(function, times):
    """(row, unit, value) of one function, in the table's order; lower is better in each."""
    yield "zip", "MB", function.zip_bytes / 1e6
    for name, values in (("init", times.init), ("first answer", times.cold)):
        for percent in (50, 99):
            yield f"{name} p{percent}", "ms", percentile(values, percent) * 1e3
    for size, values in times.warm.items():
        for percent in (50, 99):
            yield f"warm {size} p{percent}", "ms", percentile(values, percent) * 1e3
        yield f"warm {size} processor", "ms", sum(times.cpu[size]) / len(values) * 1e3
    for after, size in times.memory.items():
        yield f"peak memory, {after}", "MB", size / 1e6


def compared(ours, theirs):
    rows = []
    for (name, unit, mine), (_, _, other) in zip(ours, theirs, strict=True):
        ratio = other / mine
        wins = "even" if abs(ratio - 1) <= EVEN else "rust" if ratio > 1 else "node"
        rows.append({"row": name, "unit": unit, "rust": round(mine, 3), "node": round(other, 3), "ratio": round(ratio, 2), "wins": wins})
    return rows


def table(rows):
    yield f"{'':28} {'rust':>10} {'node':>10}     {'node/rust':>9}  better"
    for row in rows:
        yield f"{row['row']:28} {row['rust']:10.2f} {row['node']:10.2f} {row['unit']}  {row['ratio']:9.2f}  {row['wins']}"


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("--zip", type=Path, default=ZIP, help="of the ingest function (target/lambda/ingest/bootstrap.zip)")
    parser.add_argument("--rounds", type=int, default=4, help="into which starts and requests are shared out, both functions in each (4)")
    parser.add_argument("--starts", type=int, default=20, help="cold starts of each function (20)")
    parser.add_argument("--requests", type=int, default=2000, help="warm requests of 10 KB, and as many of 25 KB (2000)")
    parser.add_argument("--large", type=int, default=100, help="warm requests of 3 MB (100)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--skip-same", action="store_true", help="don't compare both functions on the local AWS first")
    args = parser.parse_args()
    if not args.zip.is_file():
        parser.error(f"there is no zip at {args.zip}: build it as terraform/START.md says, or name one by --zip")
    if not 1 <= args.rounds <= min(args.starts, args.requests, args.large):
        parser.error("--rounds must be 1 or more, and no more than --starts, --requests and --large")
    return args


async def measured(zips, args):
    endpoint = await Endpoint(SECRET_ARN, deliveries.SECRET).start()
    variables = {
        "AWS_ENDPOINT_URL": endpoint.url,
        "OCTOLAKE_BUS_NAME": "bench",
        "OCTOLAKE_SECRET_ARNS": SECRET_ARN,
        "OCTOLAKE_LARGE_URL": "s3://bench",
        "OCTOLAKE_INLINE_LIMIT": str(INLINE_LIMIT),
    }
    rust, other = (Function(name, path, variables) for name, path in zips.items())
    run = Run([rust, other], endpoint, args)
    await run.measure()
    return compared(figures(rust, run.times[rust]), figures(other, run.times[other]))


def main():
    args, load = arguments(), os.getloadavg()[0]
    if load > 0.5:
        say(f"this machine is busy (load {load:.1f}): the times will not be good")
    zips = {"rust": args.zip, "node": node.build()}
    if not args.skip_same:
        say(f"{same.compare(zips)} requests are answered alike by both on the local AWS")
    rows = asyncio.run(measured(zips, args))
    where = {"node": node.version(), "machine": platform.machine(), "cores": len(CORES), "memory_mb": MEMORY_MB, "load": load}
    counts = {"starts": args.starts, "requests": args.requests, "large": args.large, "rounds": args.rounds}
    print("\n".join(table(rows)))
    if args.json:
        args.json.write_text(json.dumps({"where": where, "counts": counts, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"bench: {error}")
