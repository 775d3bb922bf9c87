"""Speed, memory and size on the disk of rivals: in turns, each in one process on one core."""

import argparse
import math
import os
import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import _rivals
from _measure import in_turns, jpeg, pictures, ratios
from _rivals import DECODING, Adapter, DeadError, Rival, installed_megabytes
from scan import SIZES, fitted

from blurdct.cli.output import note

# photographs a round, and the least share of photographs that a rival gets which is asked
COUNTS = {"1024 pixels": (8, 0.0), "12 megapixels": (2, 1.0)}
# photographs a second, times those of decoding, megabytes
Cost = tuple[float | None, float | None, float | None]


def cost(
    ready: dict[str, Rival], args: argparse.Namespace, left: dict[str, str]
) -> list[list[Any]]:
    """Rows of the table: rates, ratios to decoding, memory at two sizes, megabytes installed.

    Slow rivals get a part of the smaller photographs, and none of the larger ones.
    """
    contenders = {DECODING: _rivals.YARDSTICK}
    contenders |= {name: rival for name, rival in ready.items() if name not in left}
    core = max(os.sched_getaffinity(0))
    adapters = {
        name: Adapter(name, rival, args.cache, args.patience, core)
        for name, rival in contenders.items()
    }
    found: list[dict[str, Cost]] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for size, (count, least) in COUNTS.items():
                paths = write(Path(folder, size), count, SIZES[size])
                able = {name: one for name, one in adapters.items() if one.rival.share >= least}
                found.append(measured(able, paths, args.rounds))
    finally:
        for adapter in adapters.values():
            adapter.close()
    rows: list[list[Any]] = []
    for name, rival in contenders.items():
        (rate, ratio, memory), large = (some.get(name, (None, None, None)) for some in found)
        disk = installed_megabytes(_rivals.environment(rival, args.cache))
        rows.append([name, rate, ratio, *large[:2], memory, large[2], disk])
    return rows


def write(folder: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """Photographs of the sample, as JPEG files of this width and height."""
    folder.mkdir()
    paths = []
    for number, rgb in enumerate(pictures()[:count]):
        paths.append(folder / f"{number:02d}.jpg")
        paths[-1].write_bytes(jpeg(fitted(rgb, *size)))
    return paths


def measured(adapters: dict[str, Adapter], paths: list[Path], rounds: int) -> dict[str, Cost]:
    """Each contender's cost; those that die, or lose a photo, have none."""
    memory: dict[str, float] = {}

    def one_round(name: str) -> float:
        some = paths[: max(1, round(adapters[name].rival.share * len(paths)))]
        try:
            (last,) = adapters[name].ask(some, timed=True)
        except DeadError as error:
            note(f"{name}: {error}")
            return float("nan")
        if last["lost"]:
            note(f"{name}: {last['lost']} of {len(some)} photographs lost")
            return float("nan")
        memory[name] = last["memory"]
        return len(some) / float(last["seconds"])

    work = {name: partial(one_round, name) for name in adapters}
    rates = in_turns(work, rounds, warm_up=1)
    return {
        name: (
            statistics.median(some),
            statistics.median(ratios(some, rates[DECODING])),
            memory[name],
        )
        for name, some in rates.items()
        if not any(map(math.isnan, some))
    }
