"""Scans of a JPEG file: where they end, and whether they are all there.

Where the data of a scan end too early, decoders paint what is left grey, or leave it coarse, and
return a whole picture.

Sources:
    Scans: ITU-R T.81 (1992), B.2.3; bytes within them: B.1.1.5; which of a progressive file refine
    what: G.1.1.1.
"""

import re
from collections.abc import Iterator

from ...kernel.choice import compiled

_SCAN = b"\xff\xda"
_RESTARTS = b"\xff\xdd\0\4"
_NO_TABLES = (0xD8, 0xD9, 0xDA)  # start, end, scan: what no tables before the next scan begin with
_END_OR_RESTART = re.compile(rb"\xff[^\x00\xff]")
_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SPARE = bytes(8)  # what a decoder may fetch beyond the last bit that it needs


def unfinished(data: bytes, start: int, at: int) -> bytes:
    """A picture of one scan, without the marker that ends it.

    OpenCV's decoder, which a marker content with too little, waits for more bytes then, and says
    that it failed. Of a scan that is complete it needs no more.

    Args:
        data: A JPEG file.
        start: Where the picture begins.
        at: Where its scan begins.
    """
    end = next((end for _, end in _scans(data, at)), len(data))
    return b"".join((memoryview(data)[start:end], _SPARE))  # copied but once


def are_all_there(data: bytes, at: int, ids: bytes) -> bool:
    """Whether every component has been sent by several scans, and all of the luma.

    Args:
        data: A JPEG file.
        at: Where the first scan begins.
        ids: Of the components, the first that of luma.
    """
    luma = ids[:1]
    left = {(luma, rank) for rank in range(1, 64)} | {(bytes([one]), 0) for one in ids}
    for begin, _ in _scans(data, at):
        count = data[begin + 4]
        names = data[begin + 5 : begin + 5 + 2 * count : 2]
        first, last, bits = data[begin + 5 + 2 * count : begin + 8 + 2 * count].ljust(3, b"\0")
        is_exact = bits & 15 == 0  # no bit is left for a later scan
        ranks = range(first, last + 1 if is_exact else min(1, last + 1))
        left -= {(bytes([name]), rank) for name in names for rank in ranks}
    return not left


def _scans(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Of each scan from that at ``at`` on, where it begins, and where its data end."""
    restarts, seen = False, 0
    while data.startswith(_SCAN, at) and at + 5 <= len(data):
        inside = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        restarts, seen = restarts or data.find(_RESTARTS, seen, inside) >= 0, inside
        end = _marker(data, inside, restarts)
        yield at, end
        at = end
        while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in _NO_TABLES:
            # filling, or tables
            at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def _marker(data: bytes, at: int, restarts: bool) -> int:
    """Where the next marker stands that ends a scan; the end of the file if there is none.

    0xFF is of the scan where 0 follows; at 0xD0 to 0xD7 the decoder starts anew, if told to.
    """
    if kernel := compiled():
        return int(kernel.marker(data, at, restarts))
    found = (_END if restarts else _END_OR_RESTART).search(data, at)
    return found.start() if found else len(data)
