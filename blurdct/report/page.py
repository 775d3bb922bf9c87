"""The summary of a collection -> one HTML page that needs nothing beside itself."""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from os import PathLike, fspath
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from .._version import __version__
from ..inference.prediction import UNKNOWN
from ..results import UNREADABLE, verdicts
from ..scan.archives import split
from ..scan.remote import is_url
from ..utils.atomic import replacing
from ..utils.html import render
from ..utils.progress import Progress, silent
from .pictures import Painter, Picture
from .summary import GALLERY, KINDS, Pick, Summary, summarize
from .tables import errors, folders_table, labels, top_folders

ASSETS = ("collection.css", "collection.js")
LIMIT = 4_900_000  # bytes of a page, whatever is in it
PADDING = 3  # bytes that base64 may add to what it makes of three
LONGEST_LINK = 2000  # letters

# Stands for any picture where the bytes around them are counted.
LARGEST = Picture(b"x", (9999, 9999), b"x", (9999, 9999), b"x", "changed since it was judged")
Pictures = Mapping[str, Picture]  # by path


def write_report(
    results: str | PathLike[str],
    out: str | PathLike[str],
    gallery: int = GALLERY,
    painter: Painter | None = None,
    progress: Progress = silent,
    name: str = "",
) -> Summary:
    """The report of a file of results as a page of at most 4.9 MB.

    Args:
        results: What a scan wrote.
        out: The page; one that is there is replaced.
        gallery: How many photographs each gallery shall have.
        painter: What makes the pictures; with maps of the models that the rows name if left out.
        progress: Shown while pictures are made.
        name: What the page calls that file; its path if left out.

    Raises:
        ConfigError: A file that is not there or none of results.
        OSError: The page cannot be written; its folder is not made.
    """
    painter, name = painter or Painter(), name or fspath(results)
    summary = summarize(verdicts(results, ["label"], twice=True), gallery, trusted=painter.model)
    shown = [*summary.worst, *summary.best, *summary.ladder]
    picks = {pick.path: pick for pick in shown}
    links = {path: _link(path, Path(out)) for path in picks}
    room = LIMIT - len(html(summary, name, dict.fromkeys(picks, LARGEST), gallery, links).encode())
    parts = len(shown) + len(picks)  # pictures with their maps, and one crop of each photo
    budget = room // max(1, parts) * 3 // 4 - 2 * PADDING  # base64 makes four bytes of three
    painted = painter.paint(picks.values(), budget)
    pictures = dict(progress(painted, len(picks), "Pictures"))
    with replacing(Path(out), make_folder=False) as temporary:
        temporary.write_text(html(summary, name, pictures, gallery, links), encoding="utf-8")
    return summary


def html(
    summary: Summary,
    source: str,
    pictures: Pictures,
    gallery: int,
    links: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The report of a collection as a page.

    Args:
        summary: Of ``report.summarize``.
        source: The file of results, as the user named it.
        pictures: Of its picks; one that is not there is shown without.
        gallery: How many doubtful photographs are shown at once.
        links: Where each of its picks is, by path, seen from the page; empty if it has no place.

    Returns:
        Text that UTF-8 can hold. The page asks no host for anything, and runs no script but its
        own.
    """
    folders, numbers = top_folders(summary), count()
    crops = {path: f"crop-{number}" for number, path in enumerate(pictures)}

    def shown(picks: Iterable[Pick]) -> list[Shown]:
        return [
            _shown(pick, pictures, numbers, links.get(pick.path, ""), crops.get(pick.path, ""))
            for pick in picks
        ]

    return render(
        __package__,
        "collection.html.j2",
        ASSETS,
        title=f"Blur in {source}",
        version=__version__,
        models=", ".join(summary.models),
        facts=_facts(summary),
        limits=_limits(summary),
        left_alone=[
            f"{summary.kinds[kind]:,} {kind}"
            for kind in (UNKNOWN, UNREADABLE)
            if summary.kinds[kind]
        ],
        argument=_argument(source),
        has_maps=any(picture.map for picture in pictures.values()),
        worst=shown(summary.worst),
        doubtful=shown(summary.ladder),
        best=shown(summary.best),
        crops=[(crops[path], picture) for path, picture in pictures.items() if picture.crop],
        labels=labels(summary),
        folders=folders_table(summary, folders),
        errors=errors(summary),
        error_rows=summary.error_rows,
        data={
            "counts": summary.counts.tolist(),
            "folders": [_sparse(summary.folder_counts[name]) for name in folders],
            "start": round(1000 * summary.thresholds.decision),
            "gallery": gallery,
        },
    )


class Shown(NamedTuple):
    """A photograph in a gallery."""

    pick: Pick
    picture: Picture
    map_id: str  # of the switch of its map; empty if it has none
    link: str  # to the file; empty if there is none
    crop_id: str  # of its sharpest place; empty if it has none


class Limit(NamedTuple):
    """A P from which on something holds."""

    name: str
    p: float
    step: int  # the same in thousandths


def _shown(
    pick: Pick, pictures: Pictures, numbers: Iterator[int], link: str, crop_id: str
) -> Shown:
    picture = pictures.get(pick.path, Picture())
    has_map = picture.jpeg and picture.map
    map_id = f"map-{next(numbers)}" if has_map else ""
    return Shown(
        pick, picture, map_id, link if picture.jpeg else "", crop_id if picture.crop else ""
    )


def _link(path: str, out: Path) -> str:
    """Where a photo is, seen from the page: both may be moved together. None into an archive."""
    if is_url(path):
        link = path if path.startswith(("http://", "https://")) and not split(path) else ""
    elif not os.path.isfile(path):
        return ""
    else:
        try:
            where = os.path.relpath(os.path.realpath(path), os.path.realpath(out.parent))
        except ValueError:  # on another drive
            where = os.path.realpath(path)
        link = quote(os.fsencode(where.replace(os.sep, "/")), safe="/")
    return link if len(link) <= LONGEST_LINK else ""


def _facts(summary: Summary) -> dict[str, str]:
    size = summary.bytes / 1e9
    return {
        "photos": f"{summary.photos:,}",
        "size of the files": f"{size:,.1f} GB" if size >= 1 else f"{1000 * size:,.1f} MB",
        **{kind: f"{summary.kinds[kind]:,}" for kind in KINDS},
    }


def _limits(summary: Summary) -> list[Limit]:
    at = summary.thresholds
    limits = {
        "surely sharp below": at.sure_sharp,
        "blurred from": at.decision,
        "surely blurred from": at.sure_blurred,
    }
    return [Limit(name, p, round(1000 * p)) for name, p in limits.items()]


def _argument(path: str) -> str:
    """A path as a shell takes it, and no option, whatever it begins with."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def _sparse(counts: np.ndarray) -> list[int]:
    """Places and values of what is not zero, in turns."""
    (places,) = np.nonzero(counts)
    return np.stack([places, counts[places]], axis=1).ravel().tolist()
