"""Speed and memory of ``blurdct serve``, side by side with its detector.

The sample photographs, as JPEG files of about 200 kB, are posted to /v1/predict on loopback by wrk
(Debian's package ``wrk``), on 1, 8 and 64 connections; the next request of a connection is sent
when its last one was answered. In turns with that, in each round: a ``Detector`` in a process of
its own, and as many at the same time as the service has processes, judge the same bytes. Medians of
the rounds; ratios are within a round. With ``--requests``, then, so many on 8 connections, and the
memory of the processes on the way.
Example: python benchmarks/serve.py                              (two minutes)
         python benchmarks/serve.py --requests 50000             (memory as well; four minutes more)
"""

import argparse
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import cv2
from _measure import SHARP, in_turns, jpeg, median_ratio
from _processes import memory
from _record import Record, options, recording, run

from blurdct.errors import BlurdctError
from blurdct.images.files import find_photos
from blurdct.images.reader import read_rgb
from blurdct.inference.bundle import NAMES
from blurdct.inference.detector import Detector
from blurdct.parallel.cores import ONE_THREAD, cores

BYTES = 200_000
QUALITIES = range(40, 99, 2)
SCRIPT = Path(__file__).with_name("post.lua")  # what wrk sends
ONE = "one Detector"
LOOKS = 10  # at the memory


def main() -> None:
    """Print Markdown tables; exit status 1 if a request failed."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--workers", type=int, default=cores(), help="processes (%(default)s)")
    add("--connections", type=int, nargs="+", default=[1, 8, 64], help="(%(default)s)")
    add("--rounds", type=int, default=5, help="medians of so many (%(default)s)")
    add("--seconds", type=float, default=4, help="of each row (%(default)s)")
    add("--requests", type=int, default=0, help="for the memory; 0 for none")
    add("--model", default=NAMES["best"], help="(%(default)s)")
    args = parser.parse_args()
    os.environ |= ONE_THREAD
    with recording(__file__, __doc__, args) as record, tempfile.TemporaryDirectory() as name:
        paths = write_jpegs(Path(name))
        size = statistics.mean(path.stat().st_size for path in paths)
        record.say(f"{len(paths)} photographs of {size / 1000:.0f} kB on average")
        with service(args.workers, args.model) as (process, port):
            failed = speed(record, port, paths, args) if args.rounds else 0
            if args.requests:
                failed += endurance(record, process, port, paths, args.requests)
        if failed:
            raise BlurdctError(f"{failed} requests failed")


def write_jpegs(folder: Path) -> list[Path]:
    """Of the sample, those that some quality brings near the wanted size; at that quality."""
    paths = []
    for path in find_photos(SHARP):
        pixels = read_rgb(path)
        tries = (jpeg(pixels, quality) for quality in QUALITIES)
        data = min(tries, key=lambda data: abs(len(data) - BYTES))
        if abs(len(data) - BYTES) < BYTES / 8:
            paths.append(folder / path.name)
            paths[-1].write_bytes(data)
    return paths


@contextmanager
def service(workers: int, model: str) -> Iterator[tuple[int, int]]:
    """The service in processes of its own: the id of the first, and its port."""
    words = ["serve", "--http", ":0", "--workers", str(workers), "--model", model]
    words, pipe = [sys.executable, "-m", "blurdct", *words], subprocess.PIPE
    null = subprocess.DEVNULL
    with subprocess.Popen(
        words, stdout=null, stderr=pipe, text=True, start_new_session=True
    ) as process:
        assert process.stderr
        found = re.search(r":(\d+)$", said := process.stderr.readline().strip())
        if not found:
            raise BlurdctError(f"the service did not start: {said}")
        try:
            yield process.pid, int(found[1])
        finally:
            process.terminate()


def speed(record: Record, port: int, paths: list[Path], args: argparse.Namespace) -> int:
    """Print how fast the service and its detector are; how many requests failed."""
    together = f"{args.workers} Detectors"
    with ProcessPoolExecutor(args.workers, multiprocessing.get_context("spawn")) as pool:

        def judged(count: int) -> dict[str, float]:
            work = [pool.submit(judge, paths, args.model, args.seconds) for _ in range(count)]
            return {"rate": sum(one.result() for one in work)}

        contenders: dict[str, Callable[[], dict[str, float]]] = {}
        contenders |= {ONE: partial(judged, 1), together: partial(judged, args.workers)}
        for count in args.connections:
            contenders[str(count)] = partial(posted, port, paths, count, args.seconds)
        runs = in_turns(contenders, args.rounds, warm_up=1)
    rates = {name: [one["rate"] for one in rounds] for name, rounds in runs.items()}
    forms = {f"of {args.workers} x {ONE}": ".2f", f"of {together}": ".2f"}
    forms |= {"p50, ms": ".1f", "p99, ms": ".1f", "p99 / p50": ".1f"}
    table = record.table({"connections": "", "answers/s": ".0f", **forms})
    for name, rounds in runs.items():
        of = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        once = median_ratio(rates[name], rates[ONE]) / args.workers
        p50, p99 = of.get("p50"), of.get("p99")
        table.row(
            *(name, of["rate"], once, median_ratio(rates[name], rates[together]), p50, p99),
            p99 / p50 if p50 and p99 else None,
        )
    return round(sum(one.get("failed", 0) for rounds in runs.values() for one in rounds))


@cache
def detector(model: str) -> Detector:
    """Of this process."""
    cv2.setNumThreads(1)
    return Detector.load(model)


def judge(paths: list[Path], model: str, seconds: float) -> float:
    """Photographs per second of one process."""
    data, judging = [path.read_bytes() for path in paths], detector(model)
    count, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        judging.predict(data[count % len(data)])
        count += 1
    return count / passed


def posted(port: int, paths: list[Path], connections: int, seconds: float) -> dict[str, float]:
    """What wrk measured: requests, failed, seconds; rate; p50 and p99 in ms."""
    words = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s"]
    words += ["--timeout", "60s", "-s", str(SCRIPT), f"http://127.0.0.1:{port}"]
    words += ["--", *map(str, paths)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise BlurdctError("no wrk; on Debian: apt install wrk") from None
    answer = json.loads(done.stdout.split("RESULT ")[1])
    return {**answer, "rate": (answer["requests"] - answer["failed"]) / answer["seconds"]}


def endurance(record: Record, process: int, port: int, paths: list[Path], requests: int) -> int:
    """Print the memory of the service's processes while it answers; how many requests failed."""
    count = failed = 0
    forms = {"memory of each process, MB": ".0f", "all": ".0f"}
    table = record.table({"requests": ",d", **forms})
    for look in range(LOOKS + 1):
        while count < look * requests / LOOKS:
            answer = posted(port, paths, 8, 5)
            count, failed = count + int(answer["requests"]), failed + int(answer["failed"])
        now = [resident for _, resident, _ in sorted(memory(process))]
        table.row(count, now, sum(now))
    return failed


if __name__ == "__main__":
    run(main)
