"""Photographs -> groups that look alike, by perceptual hash.

Sources:
    Perceptual hash: DCT hash of ``imagehash``, after Zauner, Upper Austria University of Applied
    Sciences 2010.
    Neighbours of hashes: Norouzi, Punjani, Fleet, CVPR 2012 (multi-index hashing).
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from ..config import ReadConfig
from ..errors import ConfigError
from ..images.reader import read_luma
from ..scan.items import check_is_file
from ..utils.installing import install_hint

DISTANCE = 6  # bits of 64 in which near-duplicates may differ
MOST = 11  # from 12 on, hashes of 100,000 unlike photographs agree by chance
PAIRS = 4_000_000  # looked at or kept at a time


def perceptual_hash(path: str) -> int:
    """64 bits of what a photo shows; copies that were resized, compressed or blurred differ in few.

    Raises:
        ImageError: It cannot be read.
        ConfigError: ``imagehash`` is not installed.
    """
    try:
        import imagehash
    except ImportError as error:
        raise ConfigError(
            f"near-duplicates need imagehash: {install_hint('scan', error)}"
        ) from error
    from PIL import Image

    check_is_file(path)
    luma = read_luma(path, ReadConfig(size=128))
    bits = imagehash.phash(Image.fromarray(luma)).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def group_duplicates(hashes: Sequence[int] | np.ndarray, distance: int = DISTANCE) -> np.ndarray:
    """Which photographs look the same: chains of neighbours are one group.

    Two hashes that differ in d bits of 64 differ in at most d // 4 bits of one of their quarters,
    so only such pairs are looked at.

    Args:
        hashes: Of n photographs, 64 bits each.
        distance: Bits, at most, in which neighbours differ: 0..11.

    Returns:
        Number of the group, shape (n,).

    Raises:
        ConfigError: Another distance.
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
