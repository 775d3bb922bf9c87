"""A scan by Ray, beside that of one machine; and what many photographs would take and cost.

The commands are run in turns, on a few photographs and on all; what the few take, median of the
rounds, is start-up. Photographs per second are those that come on top over the time that comes on
top. Ratios are within a round; medians of the rounds. The photographs: JPEG files of quality 90 of
the sample, reduced to 1,024x768 and rolled; a few hundred differ, the others are links to them.

Overheads: lists of paths that are not there, so that nothing is decoded; of three lengths, and so
three numbers of parts, for Ray. What a photo and what a part takes follows.

The projection is arithmetic, not a measurement: bytes over what storage gives, photographs over
what cores do, whichever is longer, at the rate of one worker measured here and the price named.

Example: python benchmarks/scale.py                                           (some 15 minutes)
         python benchmarks/scale.py --price 0.03 --cores 1000 --storage 5e9
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from _measure import in_turns, jpeg, median_ratio, pictures
from _processes import Run, watched
from _record import Record, options, recording, run
from scan import fitted

from blurdct.scan.cluster.connecting import need_ray
from blurdct.scan.cluster.parts import capacity

SIZE = (1024, 768)
DIFFERENT = 300  # photographs; more would only fill the disk
FEW = 32
MANY = (10**6, 10**8, 10**9)  # of the projection
PARTS = (1, 16, 48)  # of the lists of nothing
ENGINES = ("local", "ray")
RATES = {
    "engine": "",
    "workers": "",
    "photos/s": ".0f",
    "start-up, s": ".1f",
    "with start-up": ".0f",
    "its / local's": ".2f",
}
COSTS = {"what": "", "ms": ".3f"}
PROJECTION = {
    "photographs": ",d",
    "bytes, TB": ",.1f",
    "storage, hours": ",.1f",
    "cores, hours": ",.1f",
    "hours": ",.1f",
    "core hours": ",.0f",
    "cost": ",.0f",
}


def main() -> None:
    """Print Markdown tables."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--count", type=int, default=20_000, help="photographs (%(default)s)")
    add("--rounds", type=int, default=3, help="medians of this many (%(default)s)")
    add("--workers", type=int, nargs="+", default=[1, 2], help="(%(default)s)")
    add("--model", default="fast", help="(%(default)s)")
    told = parser.add_argument_group("assumptions of the projection")
    add = told.add_argument
    add("--bytes", type=float, default=200e3, help="of a photo (%(default)g)")
    add("--storage", type=float, default=2e9, help="bytes per second, in all (%(default)g)")
    add("--cores", type=int, default=500, help="of the cluster (%(default)s)")
    add("--price", type=float, default=0.04, help="of a core hour (%(default)s)")
    args = parser.parse_args()
    need_ray()
    if args.count <= FEW:
        parser.error(f"--count: expected over {FEW}, got {args.count}")
    with recording(__file__, __doc__, args) as record, tempfile.TemporaryDirectory() as name:
        many, few = Path(name, "many"), Path(name, "few")
        write_linked(many, args.count)
        write_linked(few, FEW)
        record.heading(f"{args.count:,} photographs, {args.model}")
        rates = measured_rates(record, few, many, args)
        record.heading("What a photo and a part take beside being judged")
        measured_costs(record, Path(name), args)
        record.heading("Projection")
        record.say(
            f"Assumed: {args.bytes:,.0f} bytes a photo, storage gives {args.storage:,.0f} bytes a "
            f"second in all, {args.cores:,} cores, {args.price:g} for a core hour; a worker does "
            f"{rates['ray', min(args.workers)]:.0f} photographs a second, as measured above, also "
            "where their bytes come from storage; requests and traffic are not priced."
        )
        table = record.table(PROJECTION)
        for count in MANY:
            table.row(*projected(count, rates["ray", min(args.workers)], args))


def write_linked(folder: Path, count: int) -> None:
    """So many names of different photographs, the first few hundred of which are files."""
    folder.mkdir()
    originals = [fitted(rgb, *SIZE) for rgb in pictures()]
    for number in range(count):
        path = folder / f"{number:06d}.jpg"
        if number < DIFFERENT:
            turn, which = divmod(number, len(originals))
            path.write_bytes(jpeg(np.roll(originals[which], 8 * turn, axis=1)))
        else:
            path.hardlink_to(folder / f"{number % DIFFERENT:06d}.jpg")


def words(engine: str, workers: int, source: object, model: str, room: Path) -> list[str]:
    """The command."""
    out = room / ("out.parquet" if engine == "local" else "out")
    line = ["scan", str(source), "--out", str(out), "--force", "--engine", engine]
    return [sys.executable, "-m", "blurdct", *line, "--workers", str(workers), "--model", model]


def measured_rates(
    record: Record, few: Path, many: Path, args: argparse.Namespace
) -> dict[tuple[str, int], float]:
    """A row for each engine and number of workers; photographs per second, by both."""

    def once(engine: str, workers: int) -> tuple[Run, Run]:
        line = partial(words, engine, workers, model=args.model, room=few.parent)
        return watched(line(few)), watched(line(many))

    table = record.table(RATES)
    found: dict[tuple[str, int], float] = {}
    for workers in args.workers:
        runs = in_turns({name: partial(once, name, workers) for name in ENGINES}, args.rounds)
        rates = {}
        for name, pairs in runs.items():
            start = statistics.median(one.seconds for one, _ in pairs)
            rates[name] = [(args.count - FEW) / (all_.seconds - start) for _, all_ in pairs]
            found[name, workers] = statistics.median(rates[name])
            whole = statistics.median(args.count / all_.seconds for _, all_ in pairs)
            ratio = median_ratio(rates[name], rates[ENGINES[0]])
            table.row(name, workers, found[name, workers], start, whole, ratio)
    return found


def measured_costs(record: Record, room: Path, args: argparse.Namespace) -> None:
    """What lists of nothing take, by the length of the list and the number of parts."""
    lists = []
    for parts in PARTS:
        path = room / f"{parts}.txt"
        path.write_text("".join(nothing(sum(map(capacity, range(parts))))))
        lists.append(path)

    def once(engine: str, path: Path) -> float:
        return watched(words(engine, 1, path, args.model, room)).seconds

    works: dict[str, Callable[[], float]] = {
        f"{engine} {path.stem}": partial(once, engine, path) for engine in ENGINES for path in lists
    }
    took = {name: statistics.median(of) for name, of in in_turns(works, args.rounds).items()}
    counts = [sum(map(capacity, range(parts))) for parts in PARTS]
    local = (took["local 48"] - took["local 1"]) / (counts[-1] - counts[0])
    photo, part = solved(counts, [took[f"ray {parts}"] for parts in PARTS])
    table = record.table(COSTS)
    table.row("a photo that is not there, local", 1000 * local)
    table.row("the same, Ray", 1000 * photo)
    table.row("a part, Ray", 1000 * part)


def nothing(count: int) -> Iterator[str]:
    """Lines of a list."""
    return (f"gone/{number}.jpg\n" for number in range(count))


def solved(counts: Sequence[int], took: Sequence[float]) -> tuple[float, float]:
    """Seconds for a photo and for a part, of three runs that have a start-up besides."""
    left = np.array([[1.0, count, parts] for count, parts in zip(counts, PARTS, strict=True)])
    _, photo, part = np.linalg.solve(left, np.array(took))
    return float(photo), float(part)


def projected(
    count: int, rate: float, args: argparse.Namespace
) -> tuple[int, float, float, float, float, float, float]:
    """A row of the projection."""
    size = count * args.bytes
    fetching, judging = size / args.storage / 3600, count / (rate * args.cores) / 3600
    hours = max(fetching, judging)
    core_hours = hours * args.cores
    return count, size / 1e12, fetching, judging, hours, core_hours, core_hours * args.price


if __name__ == "__main__":
    run(main)
