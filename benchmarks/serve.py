"""How fast ``blurdct serve`` answers, and how much memory it takes, side by side with its detector.

The sample photographs, as JPEG files of about 200 kB, are posted to /v1/predict on loopback by wrk
(Debian's package ``wrk``), on 1, 8 and 64 connections; the next request of a connection is sent
when its last one was answered. In turns with that, in each round: a ``Detector`` in a process of
its own, and as many at the same time as the service has processes, judge the same bytes. Medians of
the rounds; ratios are within a round. With ``--requests``, then, so many on 8 connections, and the
memory of the processes on the way.
Example: python benchmarks/serve.py                              (two minutes)
         python benchmarks/serve.py --rounds 0 --requests 50000  (memory alone)
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
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import cv2
from load_scan import memory

from blurdct.images.files import find_photos
from blurdct.images.reader import read_rgb
from blurdct.inference.bundle import DEFAULT
from blurdct.inference.detector import Detector
from blurdct.parallel.cores import ONE_THREAD, cores

SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "sharp"
BYTES = 200_000
QUALITY, QUALITIES = cv2.IMWRITE_JPEG_QUALITY, range(40, 99, 2)
CONNECTIONS = (1, 8, 64)
LOOKS = 10  # at the memory
# All requests are put together before the first is sent: wrk is to take as little time as it can.
SCRIPT = """
local requests, at = {}, 0
function init(args)
  for _, path in ipairs(args) do
    local file = io.open(path, "rb")
    local kind = {["Content-Type"] = "image/jpeg"}
    requests[#requests + 1] = wrk.format("POST", "/v1/predict", kind, file:read("*a"))
    file:close()
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local failed = 0
  for _, count in pairs(summary.errors) do failed = failed + count end
  print(string.format('RESULT {"requests": %d, "failed": %d, "seconds": %f, "p50": %f, "p99": %f}',
    summary.requests, failed, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


def main() -> None:
    """Print Markdown tables; exit status 1 if a request failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=cores(), help="processes (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="medians of so many (%(default)s)")
    parser.add_argument("--seconds", type=float, default=4, help="of each row (%(default)s)")
    parser.add_argument("--requests", type=int, default=0, help="for the memory; 0 for none")
    parser.add_argument("--model", default=DEFAULT, help="(%(default)s)")
    args = parser.parse_args()
    os.environ |= ONE_THREAD
    with tempfile.TemporaryDirectory() as name:
        paths = write_jpegs(Path(name))
        size = statistics.mean(path.stat().st_size for path in paths)
        print(f"{len(paths)} photographs of {size / 1000:.0f} kB on average; load before", end=" ")
        print(f"it began: {os.getloadavg()[0]:.1f} on {cores()} cores\n")
        with service(args.workers, args.model) as (process, port):
            failed = speed(port, paths, args) if args.rounds else 0
            failed += endurance(process, port, paths, args.requests) if args.requests else 0
    if failed:
        raise SystemExit(f"error: {failed} requests failed")


def write_jpegs(folder: Path) -> list[Path]:
    """Of the sample, those that some quality brings near the wanted size; at that quality."""
    paths = []
    for path in find_photos(SAMPLE):
        pixels = read_rgb(path)[:, :, ::-1]
        tries = (cv2.imencode(".jpg", pixels, [QUALITY, quality])[1] for quality in QUALITIES)
        data = min(tries, key=lambda data: abs(len(data) - BYTES))
        if abs(len(data) - BYTES) < BYTES / 8:
            paths.append(folder / path.name)
            paths[-1].write_bytes(bytes(data))
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
            raise SystemExit(f"error: the service did not start: {said}")
        try:
            yield process.pid, int(found[1])
        finally:
            process.terminate()


def speed(port: int, paths: list[Path], args: argparse.Namespace) -> int:
    """Print how fast the service and its detector are; how many requests failed."""
    alone, together = "one Detector", f"{args.workers} Detectors"
    rows: dict[str, list[dict[str, float]]] = {}
    with ProcessPoolExecutor(args.workers, multiprocessing.get_context("spawn")) as pool:
        for number in range(args.rounds + 1):
            found: dict[str, dict[str, float]] = {}
            for name, count in ((alone, 1), (together, args.workers)):
                work = [pool.submit(judge, paths, args.model, args.seconds) for _ in range(count)]
                found[name] = {"rate": sum(one.result() for one in work)}
            for connections in CONNECTIONS:
                found[str(connections)] = run = posted(port, paths, connections, args.seconds)
                run["rate"] = (run["requests"] - run["failed"]) / run["seconds"]
            for name, run in found.items() if number else ():  # the first one is to warm up
                run["once"] = run["rate"] / args.workers / found[alone]["rate"]
                run["ratio"] = run["rate"] / found[together]["rate"]
                rows.setdefault(name, []).append(run)
    print(f"| connections | answers/s | of {args.workers} x {alone} | of {together} ", end="")
    print("| p50, ms | p99, ms | p99 / p50 |\n" + "| --- " * 7 + "|")
    for name, runs in rows.items():
        of = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        cells = [f"{of['rate']:.0f}", f"{of['once']:.2f}", f"{of['ratio']:.2f}", "", "", ""]
        if "p50" in of:
            cells[3:] = [f"{of['p50']:.1f}", f"{of['p99']:.1f}", f"{of['p99'] / of['p50']:.1f}"]
        print(f"| {' | '.join([name, *cells])} |")
    return round(sum(run.get("failed", 0) for runs in rows.values() for run in runs))


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
    """What wrk measured: requests, failed, seconds; p50 and p99 in milliseconds."""
    script = paths[0].with_name("post.lua")
    script.write_text(SCRIPT)
    words = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s"]
    words += ["--timeout", "60s", "-s", str(script), f"http://127.0.0.1:{port}"]
    words += ["--", *map(str, paths)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise SystemExit("error: no wrk; on Debian: apt install wrk") from None
    return json.loads(done.stdout.split("RESULT ")[1])


def endurance(process: int, port: int, paths: list[Path], requests: int) -> int:
    """Print the memory of the service's processes while it answers; how many requests failed."""
    count = failed = 0
    print("\n| requests | memory of each process, MB | all |\n| --- | --- | --- |")
    for look in range(LOOKS + 1):
        while count < look * requests / LOOKS:
            run = posted(port, paths, 8, 5)
            count, failed = count + int(run["requests"]), failed + int(run["failed"])
        now = [resident for _, resident, _ in sorted(memory(process))]
        print(
            f"| {count:,} | {', '.join(f'{one:.0f}' for one in now)} | {sum(now):.0f} |", flush=True
        )
    return failed


if __name__ == "__main__":
    main()
