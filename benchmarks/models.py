"""Milliseconds that a photograph takes, shipped model against shipped model.

From file to verdict with a process on every core, all photographs over their number; those in which
processes start are not counted. Models take turns, round by round, so that a machine that slows
down does so for all of them; medians of the rounds.
Example: python benchmarks/models.py --photos folder              (some minutes)
         python benchmarks/models.py --photos folder --keep       (in the bundles, too)
"""

import argparse
import statistics
from dataclasses import replace
from functools import partial
from pathlib import Path

from _measure import SAMPLE, in_turns
from _record import options, recording, run

from blurdct.errors import BlurdctError
from blurdct.evaluation.timing import ROUNDS, milliseconds_per_photo
from blurdct.images.files import find_photos
from blurdct.inference.bundle import SHIPPED, Bundle, load, shipped


def main() -> None:
    """Print a Markdown table: a row for each model."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--photos", type=Path, default=SAMPLE, help="a folder (data/sample)")
    add("--model", nargs="+", default=shipped(), help="names or folders (all that are shipped)")
    add("--rounds", type=int, default=ROUNDS, help="medians of this many (%(default)s)")
    add("--keep", action="store_true", help="write the medians into the bundles of these models")
    args = parser.parse_args()
    with recording(__file__, __doc__, args) as record:
        photos = find_photos(args.photos)
        if not photos:
            raise BlurdctError(f"{args.photos}: no photographs in it")
        bundles = {name: load(name) for name in args.model}
        record.say(f"{len(photos):,} photographs.")
        table = record.table({"model": "", "ms per photo": ".2f", "of rounds": ".2f"})
        medians = {}
        for name, times in measured(bundles, photos, args).items():
            medians[name] = statistics.median(times)
            table.row(name, medians[name], times)
    if args.keep:
        for name, each in medians.items():
            keep(name, bundles[name], each)


def measured(
    bundles: dict[str, Bundle], photos: list[Path], args: argparse.Namespace
) -> dict[str, list[float]]:
    """Milliseconds in each round, by model.

    Raises:
        BlurdctError: Some photographs cannot be read.
    """

    def once(bundle: Bundle) -> float:
        found = milliseconds_per_photo(bundle, photos)
        if found is None:
            raise BlurdctError(f"{args.photos}: some photographs cannot be read")
        return found

    return in_turns({name: partial(once, bundle) for name, bundle in bundles.items()}, args.rounds)


def keep(name: str, bundle: Bundle, each: float) -> None:
    """Have a bundle say what a photograph takes, where ``blurdct models`` looks for it."""
    judged = {**bundle.training.get("judged", {}), "ms_per_photo": round(each, 6)}
    folder = SHIPPED / name if name in shipped() else Path(name)
    replace(bundle, training={**bundle.training, "judged": judged}).save(folder)


if __name__ == "__main__":
    run(main)
