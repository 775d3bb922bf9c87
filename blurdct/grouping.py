"""Photographs -> groups of one burst or of near-duplicates, the sharpest of each first.

Sources:
    Capture time: EXIF 2.32 (CIPA DC-008-2019), 4.6.6 F: DateTimeOriginal, SubSecTimeOriginal,
    OffsetTimeOriginal.
    Perceptual hash: DCT hash of ``imagehash``, after Zauner, Upper Austria University of Applied
    Sciences 2010. Neighbours of hashes: Norouzi, Punjani, Fleet, CVPR 2012 (multi-index hashing).
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

import numpy as np

from .config import ReadConfig
from .errors import ConfigError, ImageError
from .images import FORMATS, read_luma
from .results import Row
from .selection import elsewhere, kind

NEEDS = "pip install 'blurdct[scan]'"
DISTANCE = 6  # bits of 64 in which near-duplicates may differ
MOST = 11  # from 12 on, hashes of 100,000 unlike photographs agree by chance
PAIRS = 4_000_000  # looked at or kept at a time
_EPOCH = datetime(1970, 1, 1)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "": 1.0}
_HEIF = (".heic", ".heif", ".hif")
# EXIF tags
_MAKE, _MODEL, _IFD, _TIME, _SUBSEC, _OFFSET, _SERIAL = 271, 272, 34665, 36867, 37521, 36881, 42033

Moment = tuple[tuple[str, ...], float]  # camera; seconds, comparable for the same camera


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo with a verdict: what ranks it, and what tells whether it has changed since."""

    path: str
    probability: float
    bytes: int | None = None
    modified: float | None = None
    pixels: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo stands: ``group`` 1, 2, ... as in the results; ``rank`` 1 is the sharpest."""

    group: int
    rank: int
    photo: Candidate

    @property
    def row(self) -> Row:
        """As a row of results, and its place."""
        photo = self.photo
        place = {"group": self.group, "rank": self.rank, "path": photo.path}
        score = 100 * photo.probability
        return {**place, "score": score, "bytes": photo.bytes, "modified": photo.modified}


def candidates(rows: Iterable[Row]) -> Iterator[Candidate]:
    """The photographs with a verdict; those labelled unknown and those not read are left out."""
    for row in rows:
        if not kind(row):
            pixels = (row["width"] or 0) * (row["height"] or 0)
            where = row["path"], row["probability"], row["bytes"], row["modified"]
            yield Candidate(*where, pixels)


def seconds(text: str) -> float:
    """``2s``, ``500ms``, ``1.5`` (seconds), ``2min`` -> seconds.

    Raises:
        ConfigError: None of these.
    """
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)", text.strip())
    if not found or found[2] not in _UNITS:
        raise ConfigError(f"expected a time such as 2s or 500ms, got {text!r}")
    return float(found[1]) * _UNITS[found[2]]


def moment(path: str) -> Moment | None:
    """When a photo was taken, and by which camera; None if it does not tell.

    Times with and without a known time zone do not compare, so that counts as another camera.

    Raises:
        ImageError: There is no such file.
    """
    from PIL import Image

    _check(path)
    try:
        if path.lower().endswith(_HEIF):
            import pillow_heif

            pillow_heif.register_heif_opener()
        formats = [*FORMATS, "JPEG", "MPO", *(["HEIF"] if "HEIF" in Image.OPEN else [])]
        with Image.open(path, formats=formats) as image:
            tags = image.getexif()
            more = tags.get_ifd(_IFD)
    except OSError as error:
        if isinstance(error, (FileNotFoundError, PermissionError)):
            raise ImageError(f"{path}: cannot be read ({error.strerror})") from error
        return None
    except Exception:  # the parser of hostile bytes may raise anything
        return None
    try:
        taken = datetime.strptime(_word(more.get(_TIME))[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    time = (taken - _EPOCH).total_seconds()
    if (part := _word(more.get(_SUBSEC))).isdecimal():
        time += float(f"0.{part}")
    zone = re.fullmatch(r"([+-])(\d\d):(\d\d)", _word(more.get(_OFFSET)))
    if zone:
        time -= float(f"{zone[1]}1") * (3600 * int(zone[2]) + 60 * int(zone[3]))
    camera = (_word(tags.get(_MAKE)), _word(tags.get(_MODEL)), _word(more.get(_SERIAL)))
    return (*camera, "zone" if zone else ""), time


def perceptual_hash(path: str) -> int:
    """64 bits of what a photo shows; copies that were resized, compressed or blurred differ in few.

    Raises:
        ImageError: It cannot be read.
        ConfigError: ``imagehash`` is not installed.
    """
    try:
        import imagehash
    except ImportError as error:
        raise ConfigError(f"near-duplicates need imagehash: {NEEDS}") from error
    from PIL import Image

    _check(path)
    luma = read_luma(path, ReadConfig(size=128))
    bits = imagehash.phash(Image.fromarray(luma)).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def bursts(moments: Sequence[Moment | None], gap: float) -> np.ndarray:
    """Which photographs were taken in one go.

    Args:
        moments: Of n photographs, as ``moment`` gives them.
        gap: Seconds, at most, between one photo of a burst and the next of the same camera; the
            burst itself may last longer.

    Returns:
        Number of the burst, shape (n,). A photo without a time is alone.
    """
    labels = np.arange(len(moments))
    known = [(m, i) for i, m in enumerate(moments) if m is not None]
    known.sort()
    for ((camera, time), i), ((other, before), j) in zip(known[1:], known, strict=False):
        # times have six digits before the point and more: a gap of .1 s must not fail by rounding
        if camera == other and time - before <= gap + 1e-6:
            labels[i] = labels[j]
    return labels


def duplicates(hashes: Sequence[int] | np.ndarray, distance: int = DISTANCE) -> np.ndarray:
    """Which photographs look the same: chains of neighbours are one group.

    Two hashes that differ in d bits of 64 differ in at most d // 4 bits of one of their quarters,
    so only such pairs are looked at.

    Args:
        hashes: Of n photographs, 64 bits each.
        distance: Bits, at most, in which neighbours differ: 0..11.

    Returns:
        Number of the group, shape (n,).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not 0 <= distance <= MOST:
        raise ConfigError(f"expected a distance from 0 to {MOST} bits, got {distance}")
    values, where = np.unique(np.asarray(hashes, np.uint64), return_inverse=True)
    n = len(values)
    labels = np.arange(n)
    found: list[np.ndarray] = []

    def join() -> np.ndarray:
        # each to the one that its group is named after, and the new pairs
        pairs = np.concatenate([np.stack([np.arange(n), labels]), *found], axis=1)
        found.clear()
        graph = coo_array((np.ones(pairs.shape[1], bool), tuple(pairs)), (n, n))
        components = connected_components(graph, directed=False)[1]
        return np.unique(components, return_index=True)[1][components]

    for pairs in _neighbours(values, distance):
        found.append(pairs)
        if sum(kept.shape[1] for kept in found) > PAIRS:
            labels = join()
    return join()[where] if n else labels


def ranked(photos: Sequence[Candidate], labels: np.ndarray) -> Iterator[Place]:
    """The photographs group by group, the least blurred of each first.

    Of those with the same P the one with more pixels comes first, then the larger file, then the
    first of the results. Groups come in the order of their first photographs.

    Args:
        photos: n photographs.
        labels: Shape (n,), as ``bursts`` or ``duplicates`` give them.
    """
    groups: dict[int, list[int]] = {}
    for index, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(index)
    for group, members in enumerate(groups.values(), 1):
        members.sort(key=lambda i: (photos[i].probability, -photos[i].pixels, -_size(photos[i])))
        for rank, index in enumerate(members, 1):
            yield Place(group, rank, photos[index])


def _neighbours(values: np.ndarray, distance: int) -> Iterator[np.ndarray]:
    """Pairs (2, m) of positions of hashes that differ in at most so many bits, some twice."""
    masks = [
        sum(1 << bit for bit in bits)
        for flipped in range(distance // 4 + 1)
        for bits in combinations(range(16), flipped)
    ]
    for quarter in range(4):
        part = (values >> np.uint64(16 * quarter)).astype(np.uint16)
        order = np.argsort(part, kind="stable")
        starts = np.searchsorted(part[order], np.arange(2**16 + 1))
        for mask in masks:
            bucket = (part ^ np.uint16(mask)).astype(np.int64)
            first, sizes = starts[bucket], starts[bucket + 1] - starts[bucket]
            ends = np.cumsum(sizes)
            cuts = np.searchsorted(ends, np.arange(PAIRS, ends[-1] if len(ends) else 0, PAIRS))
            for some in np.split(np.arange(len(values)), cuts):
                one = np.repeat(some, sizes[some])
                within = np.arange(len(one)) - np.repeat(ends[some] - sizes[some], sizes[some])
                within += ends[some[0]] - sizes[some[0]] if len(some) else 0
                other = order[np.repeat(first[some], sizes[some]) + within]
                near = np.bitwise_count(values[one] ^ values[other]) <= distance
                near &= one < other
                if near.any():
                    yield np.stack([one[near], other[near]])


def _check(path: str) -> None:
    if why := elsewhere(path):
        raise ImageError(f"{path}: {why}")


def _size(photo: Candidate) -> float:
    return photo.bytes if photo.bytes is not None else -math.inf


def _word(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""
