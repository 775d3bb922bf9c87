"""Documents, products, faces, food, night, screens and more: what models say that never saw them.

Each photograph was taken as sharp by who looked at it beside a crop, so whatever is called blurred
is called so wrongly. Blurred copies are made of each in linear light and kept as JPEG of quality
92: out of focus by a disk whose radius is .2, .4 and .8 % of the long side, moved along a line of
.75 and 1.5 % of it, in any direction. *Found* are copies with P of .5 and more; ROC AUC is that of
the weakest copies against the photographs. Of what is sharp, *doubtful* is what gets no sure
verdict.

A model that learnt from such photographs is trained anew from its table for this: without the
photographs of the collections that it is judged on (a fifth of them at a time), and once more
without the whole kind. Calibration and limits are those of the shipped model.

A second table is about the same photographs made small, still sharp, and about copies with bright
lights, which leave trails where they are blurred (the recipe ``lights``: two sharp and two blurred
ones of each photo, weak blur among them): how many are called blurred, how many are found, and how
many would be at the P that 3 % of the kind's sharp ones reach.
Example: python benchmarks/kinds.py --photos folder
"""

import math
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _judging import judge_all
from _measure import jpeg
from _origin import ROOT
from _record import Record, options, recording, run

from blurdct.config import ReadConfig, TrainConfig
from blurdct.datasets.blur_kernels import disk, path_kernel
from blurdct.datasets.linear_light import blur_as_seen
from blurdct.datasets.manifest import list_photos
from blurdct.datasets.recipes import lights
from blurdct.datasets.splits import folds
from blurdct.errors import ConfigError, ImageError
from blurdct.features.inputs import photo_inputs
from blurdct.images.reader import read_rgb
from blurdct.images.resize import resize_within
from blurdct.inference.bundle import Bundle, load
from blurdct.metrics import roc_auc
from blurdct.parallel.cores import cores
from blurdct.training.cross_validation import fit_rows
from blurdct.training.sources import NUMBERS, from_table
from blurdct.training.training_set import TrainingSet, with_extra

KIND = "kinds-"  # sources begin so in the manifest that these figures are of
DISKS = (0.2, 0.4, 0.8)  # per cent of the long side, radius
MOTIONS = (0.75, 1.5)  # per cent of the long side, length
COPIES = (*(f"disk {of:g} %" for of in DISKS), *(f"motion {of:g} %" for of in MOTIONS))
WEAK = ("disk 0.2 %", "motion 0.75 %")
SMALL = (64, 96, 128, 192, 256)  # long side, pixels
LIGHTS = 2  # copies with lights of each class
ALARMS = 3  # per cent of sharp ones
PARTS = 5
SIZES = {"wide": 640, "features": 512}
TABLES = {"wide": NUMBERS, "features": "features.csv"}  # by what a model takes

Answer = Callable[[Mapping[str, np.ndarray]], np.ndarray]  # inputs of n rows -> P of each


class Seen(NamedTuple):
    """A photo: its kind, its collection, and by input a row for it and for each of its copies.

    The copies are ``COPIES``, those of ``SMALL`` sides, and with lights, sharp ones first.
    """

    kind: str
    group: str
    rows: dict[str, np.ndarray]


def main() -> None:
    """Print Markdown tables: of each model and kind, what is called what."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--photos", type=Path, default=Path("kinds"), help="folder with a manifest.csv")
    add("--tables", type=Path, default=ROOT / "data", help="folder of the tables they learnt from")
    add("--model", nargs="+", default=["best", "fast"], help="of those two (both)")
    add("--workers", type=int, default=min(2, cores()), help="processes (%(default)s)")
    args = parser.parse_args()
    rows = list_photos(args.photos)
    rows = rows[~(rows["label"] == 1).fillna(False)]
    asked = [
        (args.photos / path, kind, group)
        for path, kind, group in zip(rows["path"], rows["source"], rows["group"], strict=True)
    ]
    nothing = f"{args.photos}: no photograph could be read"
    bundles = {model: load(model) for model in args.model}
    learnt = {model: learnt_from(args.tables, bundle, asked) for model, bundle in bundles.items()}
    with recording(__file__, __doc__, args) as record:
        found = [Seen(*one) for one in judge_all(numbers, asked, args.workers, nothing)]
        for model, data in learnt.items():
            bundle = bundles[model]
            source, group = (data.table[name].to_numpy(str) for name in ("source", "group"))
            without = partial(trained_without, data, bundle)
            home: dict[str, Answer] = {}
            for _, judge in folds(group, source, PARTS):
                home |= dict.fromkeys(group[judge], without(np.isin(group, group[judge])))
            unseen = [home[one.group] for one in found]
            show(record, f"{model}, collections unseen", bundle, found, unseen)
            of_kind = {kind: without(source == kind) for kind in {one.kind for one in found}}
            show(record, f"{model}, kinds unseen", bundle, found, [of_kind[s.kind] for s in found])
            show_more(record, f"{model}, small and with lights, collections unseen", found, unseen)


def learnt_from(tables: Path, bundle: Bundle, asked: list[tuple[Path, str, str]]) -> TrainingSet:
    """What a model learnt from, out of a folder of tables.

    Raises:
        ConfigError: A photo of a group that is not in there.
    """
    table = tables / TABLES[bundle.views[0]]
    data = from_table(table, bundle.views, TrainConfig())
    strange = {group for _, _, group in asked} - set(data.groups)
    if strange:
        raise ConfigError(f"{min(strange)!r} of the manifest is no group in {table}")
    return data


def numbers(question: tuple[Path, str, str]) -> tuple[str, str, dict[str, np.ndarray]] | str:
    """What ``Seen`` holds of a photo and of its copies, or why there is nothing."""
    path, kind, group = question
    try:
        rgb = read_rgb(path)
        rng = np.random.default_rng(zlib.crc32(path.name.encode()))
        pictures = [path.read_bytes(), *(jpeg(one, 92) for one in copies(rgb, rng))]
        pictures += [jpeg(resize_within(rgb, side), 92) for side in SMALL]
        kinds = [False] * LIGHTS + [True] * LIGHTS
        pictures += [lights(rgb, rng, blurred, SIZES["wide"]).data for blurred in kinds]
        read = {view: ReadConfig(size=size) for view, size in SIZES.items()}
        rows = {
            view: np.stack([photo_inputs(one, [view], how)[view] for one in pictures])
            for view, how in read.items()
        }
    except ImageError as error:
        return str(error)
    return kind, group, rows


def copies(rgb: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """A photo blurred as ``COPIES`` say."""
    share = max(rgb.shape[:2]) / 100
    kernels = [disk(2 * of * share) for of in DISKS]
    for of in MOTIONS:
        turn, line = rng.uniform(0, math.pi), np.linspace(-0.5, 0.5, 400) * of * share
        kernels.append(path_kernel(line * math.cos(turn), line * math.sin(turn)))
    return [blur_as_seen(rgb, kernel) for kernel in kernels]


def trained_without(data: TrainingSet, bundle: Bundle, away: np.ndarray) -> Answer:
    """A model that saw none of these rows, nor copies of their scenes; calibrated."""
    learn = (data.weights > 0) & ~away
    model = fit_rows(with_extra(data, learn, data.groups[away]), bundle.backend, bundle.parameters)
    return lambda inputs: bundle.calibration(model.predict_proba(inputs))


def show(
    record: Record, title: str, bundle: Bundle, found: list[Seen], answers: list[Answer]
) -> None:
    """A table: a row for each kind, and one for all."""
    record.heading(title)
    limits = bundle.thresholds
    p = np.array([ask(one.rows) for ask, one in zip(answers, found, strict=True)])
    forms = {"sharp: P from .5": ".1%", "surely blurred": ".1%", "doubtful": ".1%"}
    forms |= {f"found, {name}": ".1%" for name in COPIES}
    forms |= {f"ROC AUC, {name}": ".3f" for name in WEAK}
    table = record.table({"kind": "", "photographs": "", **forms})
    for kind in [*sorted({one.kind for one in found}), "all"]:
        here = np.array([kind in (one.kind, "all") for one in found])
        sharp, blurred = p[here, 0], p[here, 1 : 1 + len(COPIES)]
        doubtful = (sharp > limits.sure_sharp) & (sharp < limits.sure_blurred)
        told = (sharp >= 0.5, sharp >= limits.sure_blurred, doubtful, *(blurred.T >= 0.5))
        areas = [
            roc_auc(np.repeat([0, 1], len(sharp)), np.concatenate([sharp, blurred[:, at]]))
            for at in (COPIES.index(name) for name in WEAK)
        ]
        words = kind.removeprefix(KIND).replace("_", ", ")
        table.row(words, len(sharp), *(float(np.mean(one)) for one in told), *areas)


def show_more(record: Record, title: str, found: list[Seen], answers: list[Answer]) -> None:
    """A table of small photographs and of copies with lights: a row for each kind, one for all."""
    record.heading(title)
    p = np.array([ask(one.rows) for ask, one in zip(answers, found, strict=True)])
    small, sharp, blurred = np.split(
        p[:, 1 + len(COPIES) :], [len(SMALL), len(SMALL) + LIGHTS], axis=1
    )
    forms = {f"sharp, {side} pixels: P from .5": ".1%" for side in SMALL}
    forms |= {"lights, sharp: P from .5": ".1%", "lights, blurred: found": ".1%"}
    forms |= {f"found at {ALARMS} % false alarms": ".1%", "ROC AUC with lights": ".3f"}
    table = record.table({"kind": "", "photographs": "", **forms})
    for kind in [*sorted({one.kind for one in found}), "all"]:
        here = np.array([kind in (one.kind, "all") for one in found])
        known = np.concatenate([p[here, 0], sharp[here].ravel()])  # without lights and with them
        moved = blurred[here].ravel()
        told = [*(small[here].T >= 0.5), sharp[here] >= 0.5, moved >= 0.5]
        told.append(moved > np.quantile(known, 1 - ALARMS / 100))
        area = roc_auc(np.repeat([0, 1], [len(known), len(moved)]), np.concatenate([known, moved]))
        words = kind.removeprefix(KIND).replace("_", ", ")
        table.row(words, int(here.sum()), *(float(np.mean(one)) for one in told), area)


if __name__ == "__main__":
    run(main)
