"""The summary of a collection -> one HTML page that needs nothing beside itself."""

import shlex
from collections.abc import Iterator, Mapping
from itertools import count
from os import PathLike, fspath
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._version import __version__
from ..inference.prediction import UNKNOWN
from ..results import verdicts
from ..utils.atomic import replacing
from ..utils.html import render
from ..utils.progress import Progress, silent
from .pictures import Painter, Picture
from .summary import GALLERY, KINDS, UNREAD, Pick, Summary, summarize
from .tables import errors, folders_table, labels, top_folders

ASSETS = ("collection.css", "collection.js")
LIMIT = 4_900_000  # bytes of a page, whatever is in it
MARKUP = 450  # bytes around a picture, at most

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
    """
    painter, name = painter or Painter(), name or fspath(results)
    summary = summarize(verdicts(results, ["label"]), gallery)
    shown = [*summary.worst, *summary.best, *summary.ladder]
    picks = {pick.path: pick for pick in shown}
    room = LIMIT - len(html(summary, name, {}, gallery).encode())
    budget = (room // max(1, len(shown)) - MARKUP) * 3 // 4  # base64 makes four bytes of three
    painted = painter.paint(picks.values(), budget)
    pictures = dict(progress(painted, len(picks), "Pictures"))
    with replacing(Path(out)) as temporary:
        temporary.write_text(html(summary, name, pictures, gallery), encoding="utf-8")
    return summary


def html(summary: Summary, source: str, pictures: Pictures, gallery: int) -> str:
    """The report of a collection as a page.

    Args:
        summary: Of ``report.summarize``.
        source: The file of results, as the user named it.
        pictures: Of its picks; one that is not there is shown without.
        gallery: How many doubtful photographs are shown at once.

    Returns:
        Text that UTF-8 can hold. The page asks no host for anything, and runs no script but its
        own.
    """
    folders, numbers = top_folders(summary), count()
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
            f"{summary.kinds[kind]:,} {kind}" for kind in (UNKNOWN, UNREAD) if summary.kinds[kind]
        ],
        argument=_argument(source),
        has_maps=any(picture.map for picture in pictures.values()),
        worst=[_shown(pick, pictures, numbers) for pick in summary.worst],
        doubtful=[_shown(pick, pictures, numbers) for pick in summary.ladder],
        best=[_shown(pick, pictures, numbers) for pick in summary.best],
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


class Limit(NamedTuple):
    """A P from which on something holds."""

    name: str
    p: float
    step: int  # the same in thousandths


def _shown(pick: Pick, pictures: Pictures, numbers: Iterator[int]) -> Shown:
    picture = pictures.get(pick.path, Picture())
    has_map = picture.jpeg and picture.map
    return Shown(pick, picture, f"map-{next(numbers)}" if has_map else "")


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
