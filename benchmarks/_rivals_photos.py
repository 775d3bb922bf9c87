"""The pictures that rivals are asked about: real ones, other kinds with copies, changed ones.

What is made of a photo is written once, named by the photo's own bytes, and stays for the next run.
"""

import argparse
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from _measure import SAMPLE, jpeg
from kinds import COPIES, WEAK, copies

from blurdct.cli.output import note
from blurdct.datasets.manifest import list_photos
from blurdct.datasets.perturbations import PERTURBATIONS
from blurdct.errors import ConfigError, ImageError
from blurdct.images.reader import read_rgb
from blurdct.images.resize import resize_by
from blurdct.utils.atomic import replacing

DRAWN, CHANGED = 160, 40  # photographs of other kinds, of the sample
SIDE = 640  # pixels
AS_IT_IS, REDUCED = "as it is", "at 640"


class Picture(NamedTuple):
    """A file, and what is known of it.

    ``change`` and ``weak`` are what was done to the photo; ``sizes`` the rows that it belongs to:
    one that is no larger than 640 pixels to both.
    """

    path: Path
    key: str
    label: int  # 1 blurred, 0 sharp
    group: str  # scene; of changed ones the photo
    source: str
    number: int  # of the photo that it is, or was made from, in the order they are asked in
    of: int  # so many photographs
    change: str = ""
    weak: bool = False
    sizes: tuple[str, ...] = (AS_IT_IS, REDUCED)


def part_of(pictures: list[Picture], share: float) -> list[Picture]:
    """All pictures of the first photographs, a share of them and one at least."""
    return [one for one in pictures if one.number < max(1, math.ceil(share * one.of))]


def mixed(strata: Sequence[str], seed: int = 0) -> list[int]:
    """Numbers in an order whose beginnings have about the same mix of strata as the whole."""
    chance = np.random.default_rng(seed)
    places = {}
    for one in sorted(set(strata)):
        members = [at for at, stratum in enumerate(strata) if stratum == one]
        for rank, at in enumerate(chance.permutation(len(members))):
            places[members[at]] = (rank + chance.random()) / len(members)
    return sorted(places, key=lambda at: places[at])


def real(args: argparse.Namespace) -> list[Picture]:
    """Labelled photographs of sources that have both labels."""
    rows = list_photos(args.photos)
    both = rows.dropna(subset=["label"]).groupby("source")["label"].nunique()
    rows = rows[rows["source"].isin(both[both == 2].index) & rows["label"].notna()]
    if rows.empty:
        raise ConfigError(f"{args.photos}: no source has photographs of both labels")
    order = mixed([f"{one.source}/{one.label}" for one in rows.itertuples()])[: args.limit]
    found = []
    for number, at in enumerate(order):
        row = rows.iloc[at]
        path = (args.photos / row["path"]).absolute()
        key = f"real-{zlib.crc32(path.read_bytes()):08x}-{path.name}"
        known = (int(row["label"]), row["group"], row["source"])
        found.append(Picture(path, key, *known, number, len(order)))
    return found


def kinds(args: argparse.Namespace) -> list[Picture]:
    """Sharp photographs of other kinds, and five copies of each."""
    rows = list_photos(args.kinds)
    rows = rows[~(rows["label"] == 1).fillna(False)]
    order = mixed(list(rows["source"]))[: args.drawn]

    def made(path: Path) -> Iterator[tuple[str, np.ndarray | bytes]]:
        rgb = read_rgb(path)
        rng = np.random.default_rng(zlib.crc32(path.name.encode()))
        yield "", path.read_bytes()
        for name, copy in zip(COPIES, copies(rgb, rng), strict=True):
            yield name, jpeg(copy, 92)

    found = []
    for number, at in enumerate(order):
        row = rows.iloc[at]
        path = args.kinds / row["path"]
        for name, file, sizes in written(path, args.cache / "pictures", ("", *COPIES), made):
            known = (int(bool(name)), row["group"], row["source"], number, len(order))
            found.append(Picture(file, file.name, *known, name, name in WEAK, sizes))
    if not found:
        raise ConfigError(f"{args.kinds}: no photograph could be read")
    return found


def sample(args: argparse.Namespace) -> list[Picture]:
    """The photographs of the sample as they are, and after each change that does not blur."""
    rows = list_photos(SAMPLE)
    order = mixed([str(label) for label in rows["label"]])[: args.changed]

    def made(path: Path) -> Iterator[tuple[str, np.ndarray | bytes]]:
        rgb = read_rgb(path)
        yield "", path.read_bytes()
        for name, change in PERTURBATIONS.items():
            yield (
                name,
                change(rgb, np.random.default_rng(zlib.crc32(f"{name}/{path.name}".encode()))),
            )

    found = []
    names = ("", *PERTURBATIONS)
    for number, at in enumerate(order):
        row = rows.iloc[at]
        for name, file, sizes in written(
            SAMPLE / row["path"], args.cache / "pictures", names, made
        ):
            known = (int(row["label"]), row["path"], "sample", number, len(order))
            found.append(Picture(file, file.name, *known, name, False, sizes))
    return found


def written(
    path: Path,
    folder: Path,
    names: Sequence[str],
    made: Callable[[Path], Iterator[tuple[str, np.ndarray | bytes]]],
) -> list[tuple[str, Path, tuple[str, ...]]]:
    """Files of what is made of a photo: the name of each change, path, rows that it belongs to.

    Those of more than 640 pixels are there twice, reduced by area averaging and without loss the
    second time. A photo that cannot be read is one line on standard error, and no file.
    """
    stem = f"{zlib.crc32(path.read_bytes()):08x}-{zlib.crc32(' '.join(names).encode()):08x}"
    done = folder / f"{stem}.txt"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        lines = []
        try:
            for number, (_, picture) in enumerate(made(path)):
                data = picture if isinstance(picture, bytes) else png(picture)
                rgb = read_rgb(data) if isinstance(picture, bytes) else picture
                ending = {b"\xff\xd8": ".jpg", b"RI": ".webp"}.get(data[:2], ".png")
                (folder / f"{stem}-{number}{ending}").write_bytes(data)
                lines.append(f"{number}{ending}")
                if max(rgb.shape[:2]) > SIDE:
                    small = resize_by(rgb, SIDE / max(rgb.shape[:2]), 16, cv2.INTER_AREA)
                    (folder / f"{stem}-{number}-640.png").write_bytes(png(small))
                    lines[-1] += f" {number}-640.png"
        except ImageError as error:
            note(str(error))
            return []
        with replacing(done) as temporary:
            temporary.write_text("\n".join(lines), encoding="utf-8")
    found: list[tuple[str, Path, tuple[str, ...]]] = []
    for name, line in zip(names, done.read_text(encoding="utf-8").split("\n"), strict=True):
        files = [folder / f"{stem}-{ending}" for ending in line.split()]
        if len(files) == 1:
            found.append((name, files[0], (AS_IT_IS, REDUCED)))
        else:
            found += [(name, files[0], (AS_IT_IS,)), (name, files[1], (REDUCED,))]
    return found


def png(rgb: np.ndarray) -> bytes:
    """A file without loss."""
    return cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
