"""Photographs -> small pictures with the maps of their models, within so many bytes."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import BlurdctError, ImageError
from ..images.reader import read_rgb
from ..images.thumbnail import small_jpeg
from ..inference.bundle import shipped
from ..inference.detector import Detector
from ..inference.heatmap import small_png
from ..scan import archives
from ..scan.items import Item, find, open_photo
from ..scan.remote import is_url
from .crops import sharpest_piece
from .summary import Pick

CLOCK = 2.0  # seconds that times of files may be apart: some archives and disks count in twos


@dataclass(frozen=True)
class Picture:
    """What is shown of a photograph.

    Attributes:
        jpeg: Its picture; empty if there is none.
        size: Width and height of that, pixels.
        crop: JPEG of its sharpest place, pixel for pixel; empty if there is none.
        crop_size: Width and height of that, pixels.
        map: PNG of P(blurred), a pixel for each cell; empty if the model has no map.
        remark: Why there is no picture, or what is to be said about it.
    """

    jpeg: bytes = b""
    size: tuple[int, int] = (0, 0)
    crop: bytes = b""
    crop_size: tuple[int, int] = (0, 0)
    map: bytes = b""
    remark: str = ""


class Painter:
    """Makes pictures; keeps the models that it has loaded."""

    def __init__(
        self,
        maps: bool = True,
        model: str | None = None,
        root: str | os.PathLike[str] | None = None,
        fetch: bool = False,
    ) -> None:
        """Get ready.

        Args:
            maps: Whether to make maps at all.
            model: What makes them, instead of the model that a row names. Only shipped models are
                loaded because a row names them: rows may be anybody's work.
            root: A folder; nothing outside of it is shown.
            fetch: Whether photographs behind URLs are fetched.
        """
        self._maps, self.model = maps, model
        self._root = None if root is None else os.path.realpath(root)
        self._fetch = fetch
        self._detectors: dict[str, Detector | None] = {}
        self.unknown: set[str] = set()  # models that rows name, and that are not loaded

    def paint(self, picks: Iterable[Pick], budget: int) -> Iterator[tuple[str, Picture]]:
        """The paths of photographs and what is shown of them, in any order.

        Args:
            picks: Photographs.
            budget: Bytes that a picture may have with its map; and so many its crop.
        """
        for pick, item in _items(picks, self._refusal):
            try:
                yield pick.path, self._picture(pick, item, budget)
            except ImageError as error:
                why = str(error).removeprefix(pick.path).removeprefix(": ")
                yield pick.path, Picture(remark=why)
            except Exception as error:  # of a dozen libraries that read what anybody wrote
                yield pick.path, Picture(remark=f"{type(error).__name__}: {error}")

    def _picture(self, pick: Pick, item: Item, budget: int) -> Picture:
        source = open_photo(item)
        rgb = read_rgb(source, name=pick.path)
        cells = self._map(pick, source)
        png = b"" if cells is None else small_png(cells)
        png = png if 2 * len(png) <= budget else b""
        jpeg, size = small_jpeg(rgb, budget - len(png))
        if not jpeg:
            return Picture(remark="no room on this page")
        crop, crop_size = sharpest_piece(rgb, budget, cells)
        return Picture(jpeg, size, crop, crop_size, png, _change(pick, item))

    def _refusal(self, path: str) -> str:
        """Why a file is not to be opened; empty if it may be."""
        if is_url(path):
            return "" if self._fetch else "behind a URL, and not fetched unless asked: --fetch"
        if self._root is None:
            return ""
        real = os.path.realpath(path)
        inside = real == self._root or real.startswith(os.path.join(self._root, ""))
        return "" if inside else f"not below {self._root}"

    def _map(self, pick: Pick, source: Any) -> np.ndarray | None:
        if not self._maps:
            return None
        name = self.model or pick.model
        if not self.model and name not in shipped():
            self.unknown.add(name)
            return None
        if name not in self._detectors:
            self._detectors[name] = _with_map(name)
        detector = self._detectors[name]
        return None if detector is None else detector.map(source, pick.path)


def _items(
    picks: Iterable[Pick], refusal: Callable[[str], str] = lambda path: ""
) -> Iterator[tuple[Pick, Item]]:
    """Where each photo can be read; every archive is gone through once.

    Args:
        picks: Photographs.
        refusal: Why a file or an archive is not to be opened; empty if it may be.
    """
    archived: dict[str, dict[str, Pick]] = {}
    for pick in picks:
        inside = None if os.path.lexists(pick.path) else archives.split(pick.path)
        if why := refusal(inside[0] if inside else pick.path):
            yield pick, Item(pick.path, error=why)
        elif inside:
            archived.setdefault(inside[0], {})[inside[1]] = pick
        else:
            yield pick, find(pick.path)
    for archive, wanted in archived.items():
        error = "no such file in the archive"
        try:
            for one in archives.members(archive, wanted.__contains__):
                if one.name in wanted:
                    pick = wanted.pop(one.name)
                    known = pick.path, archive, one.bytes, one.modified
                    yield pick, Item(*known, data=one.data, place=one.place)
        except ImageError as reason:
            error = str(reason)
        for pick in wanted.values():
            yield pick, Item(pick.path, error=error)


def _change(pick: Pick, item: Item) -> str:
    """What is to be said of a photo that is no longer as it was judged."""
    for then, now, apart in (
        (pick.bytes, item.bytes, 0),
        (pick.modified, item.modified, CLOCK),
    ):
        if then is not None and now is not None and abs(then - now) > apart:
            return "changed since it was judged"
    return ""


def _with_map(name: str) -> Detector | None:
    """The model, if it is at hand and has a map."""
    try:
        detector = Detector.load(name)
    except BlurdctError:
        return None
    return detector if detector.has_map else None
