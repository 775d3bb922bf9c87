"""Sharp photos + recipe -> blurred copies on disk and their manifest."""

import json
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..config import ReadConfig, SynthConfig
from ..errors import ImageError
from ..images.reader import read_rgb
from ..parallel.pool import ordered_map
from ..utils.atomic import replacing
from ..utils.progress import Progress, silent
from .everyday.pages import page
from .manifest import LIGHTS, OPTIONAL, VARIED, deciding
from .perturbations import vary
from .recipes import Copy, lights, recipe
from .splits import split_of

FOLDER = "copies"
PAGES = "pages"  # source of copies of pages that are drawn
GIVEN = ["path", "label", "group", "source"]  # columns of photographs as they come
EMPTY = {"mask": "", "blur_kind": ""}  # what only photographs have
COLUMNS = [
    "path",
    "label",
    "group",
    "split",
    "source",
    "kind",
    "strength",
    "level",
    "parameters",
    "original",
]


def make_copies(
    photos: pd.DataFrame,
    folder: Path,
    out: Path,
    config: SynthConfig = SynthConfig(),
    read: ReadConfig = ReadConfig(),
    workers: int | None = None,
    progress: Progress = silent,
) -> tuple[pd.DataFrame, list[str]]:
    """Copies of every sharp photo, and varied ones of those that decide, in ``out/copies``.

    A photo's copies depend on its path, the seed and the recipe alone, whatever else is in the
    table. Copies that are there already are not made again. None are made of photographs that are
    blurred in part (those with a mask).

    Args:
        photos: Columns path, label, group, source, maybe mask, as ``datasets.collect`` gives them.
        folder: What the paths are relative to.
        out: Folder to write to.
        config: How many, how.
        read: Working size that extents of blur are meant at.
        workers: Processes; None for one per core.
        progress: Wraps the photographs as they come.

    Returns:
        Columns path, label, group, split, source, kind, strength, level, parameters (JSON),
        original: first the photographs as they were found (kind "", path relative to ``folder``;
        with the recipe ``seed`` none of them), then the copies (path relative to ``out``, original
        the photo's path; kind ``varied`` and the photo's label if it is no more and no less
        blurred); mask, weight and blur_kind if ``photos`` has them, the first and the last empty of
        copies. And a line for each photo that could not
        be read.
    """
    recipe(config.recipe)
    whole = (photos["mask"] == "").to_numpy() if "mask" in photos else np.ones(len(photos), bool)
    sharp = (photos["label"] == 0).fillna(False).to_numpy(bool) & whole
    labelled = photos["label"].notna().to_numpy() & whole
    varied = np.zeros(len(photos), bool)
    varied[labelled] = deciding(photos[labelled])
    rows: list[Entry] = []
    if config.recipe != "seed":  # there the uncopied photographs play no part
        kept = [name for name in (*GIVEN, *OPTIONAL) if name in photos]
        plain = {"kind": "", "strength": 0.0, "level": 0, "parameters": "{}", "original": ""}
        rows += [{**row, **plain} for row in photos[kept].to_dict("records")]
    bad: dict[str, None] = {}  # lines, each once
    for make, of, count in (
        (_copy_photo, sharp, config.sharp_copies + config.blurred_copies),
        (_light_photo, sharp, config.lights_copies),
        (_vary_photo, varied, config.varied_copies),
    ):
        chosen = photos[of & (count > 0)]
        work = partial(make, folder=folder, out=out, config=config, read=read)
        jobs = list(chosen[["path", "label"]].itertuples(index=False, name=None))
        copies = ordered_map(
            work, jobs, workers, lost=lambda job, why: f"{Path(folder, job[0])}: {why}"
        )
        answers = progress(copies, len(jobs), "copies")
        for source, answer in zip(chosen.to_dict("records"), answers, strict=True):
            if isinstance(answer, str):
                bad[answer] = None
                continue
            same = {"group": source["group"], "source": source["source"], **EMPTY}
            same |= {name: source[name] for name in ("weight",) if name in source}
            rows += [{**same, **copy, "original": source["path"]} for copy in answer]
    draw = partial(_draw_page, folder=folder, out=out, config=config, read=read)
    drawn = ordered_map(draw, range(config.pages), workers, lost=lambda _, why: f"page: {why}")
    for number, answer in enumerate(progress(drawn, config.pages, "pages")):
        if isinstance(answer, str):
            bad[answer] = None
            continue
        same = {"group": f"page-{number}", "source": PAGES, **EMPTY, "weight": 1.0}
        rows += [{**same, **copy, "original": f"{PAGES}/{number}"} for copy in answer]
    optional = [name for name in OPTIONAL if name in photos]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *optional])
    table["label"] = table["label"].astype("Int64")
    table["split"] = [split_of(group, config.test_share, config.seed) for group in table["group"]]
    return table, list(bad)


def locate(images: pd.DataFrame, folder: Path, out: Path) -> list[Path]:
    """Where each row of ``make_copies`` is: in ``folder`` as found, in ``out`` if a copy."""
    pairs = zip(images["path"], images["kind"], strict=True)
    return [Path(out if kind else folder, path) for path, kind in pairs]


Entry = dict[str, object]  # of a copy in the table


def _copy_photo(
    photo: tuple[str, int],
    folder: Path,
    out: Path,
    config: SynthConfig,
    read: ReadConfig,
    draw: Callable[[], np.ndarray] | None = None,
) -> list[Entry] | str:
    """Sharp and blurred copies of a sharp photo, or of what is drawn instead, by the recipe."""

    def make(rgb: np.ndarray, rng: np.random.Generator, stem: str) -> Iterator[Entry]:
        for number in range(config.sharp_copies + config.blurred_copies):
            copy = recipe(config.recipe)(rgb, rng, number >= config.sharp_copies, read.size)
            yield _written(copy, f"{FOLDER}/{stem}_{number}_{copy.kind}", copy.kind, out)

    path = photo[0]
    key = f"{config.seed}/{config.recipe}/{path}"
    settings = [key, config.sharp_copies, config.blurred_copies, read.size]
    return _recorded(path, key, settings, "", folder, out, read, make, draw)


def _draw_page(
    number: int, folder: Path, out: Path, config: SynthConfig, read: ReadConfig
) -> list[Entry] | str:
    """Sharp and blurred copies of a page drawn from chance."""
    rng = np.random.default_rng([config.seed, number])
    photo = (f"{PAGES}/{number}", 0)
    return _copy_photo(photo, folder, out, config, read, partial(page, rng))


def _light_photo(
    photo: tuple[str, int], folder: Path, out: Path, config: SynthConfig, read: ReadConfig
) -> list[Entry] | str:
    """Copies of a sharp photo with bright lights: the first one sharp, the others blurred."""

    def make(rgb: np.ndarray, rng: np.random.Generator, stem: str) -> Iterator[Entry]:
        for number in range(config.lights_copies):
            copy = lights(rgb, rng, number > 0, read.size)
            yield _written(copy, f"{FOLDER}/{stem}_{number}_{LIGHTS}", LIGHTS, out)

    path = photo[0]
    key = f"{config.seed}/{LIGHTS}/{path}"
    settings = [key, config.lights_copies, read.size]
    return _recorded(path, key, settings, f"_{LIGHTS}", folder, out, read, make)


def _vary_photo(
    photo: tuple[str, int], folder: Path, out: Path, config: SynthConfig, read: ReadConfig
) -> list[Entry] | str:
    """Copies of a photo with its label."""

    def make(rgb: np.ndarray, rng: np.random.Generator, stem: str) -> Iterator[Entry]:
        for number in range(config.varied_copies):
            data = vary(rgb, rng)
            name = f"{FOLDER}/{stem}_{number}_{VARIED}.img"
            with replacing(out / name) as temporary:
                temporary.write_bytes(data)
            same = {"kind": VARIED, "strength": 0.0, "level": 0, "parameters": "{}"}
            yield {"path": name, "label": int(label), **same}

    path, label = photo
    key = f"{config.seed}/{VARIED}/{path}"
    return _recorded(path, key, [key, config.varied_copies], f"_{VARIED}", folder, out, read, make)


def _written(copy: Copy, stem: str, kind: str, out: Path) -> Entry:
    name = stem + copy.ending
    with replacing(out / name) as temporary:
        temporary.write_bytes(copy.data)
    drawn = {key: float(f"{value:.5g}") for key, value in copy.parameters.items()}
    return {
        "path": name,
        "label": int(copy.kind != "none"),
        "kind": kind,
        "strength": round(copy.strength, 6),
        "level": copy.level,
        "parameters": json.dumps(drawn),
    }


def _recorded(
    path: str,
    key: str,
    settings: list[Any],
    ending: str,
    folder: Path,
    out: Path,
    read: ReadConfig,
    make: Callable[[np.ndarray, np.random.Generator, str], Iterator[Entry]],
    draw: Callable[[], np.ndarray] | None = None,
) -> list[Entry] | str:
    """What ``make`` makes of a photo, or of what is drawn instead; or what it made earlier, with
    the same settings."""
    # a file's name may have 255 bytes, and a letter of it four
    stem = f"{Path(path).stem[:50]}_{zlib.crc32(path.encode(errors='surrogateescape')):08x}"
    record = out / FOLDER / f"{stem}{ending}.json"  # written after the copies: they are complete
    try:
        entries = json.loads(record.read_text())
        if entries["settings"] == settings:
            return list(entries["copies"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        rgb = draw() if draw else read_rgb(Path(folder, path), read)
    except ImageError as error:
        return str(error)
    rng = np.random.default_rng(zlib.crc32(key.encode(errors="surrogateescape")))
    rows = list(make(rgb, rng, stem))
    with replacing(record) as temporary:
        temporary.write_text(json.dumps({"settings": settings, "copies": rows}))
    return rows
