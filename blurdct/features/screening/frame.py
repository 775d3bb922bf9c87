"""Luma -> the part of it that is the photo: without a canvas, frame, caption bar or round corners.

What surrounds a photo is known by its edge: straight, abrupt, as long as the photo. Nothing that a
camera takes, a night sky or the ground that a product stands on, ends along such an edge. Each of
the four sides is looked at by itself, again and again, since frames lie within frames.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np

from ...kernel import calls

NEAR = 12  # grey levels that JPEG may move a frame's pixels by
SAME = 1  # grey levels: what most of a frame keeps to, ...
PLAIN = 0.6  # ... this share of it, which a dark wall in a photo does not
LINES = 0.15  # of a strip without letters; JPEG leaves rings around those
FEW = 0.01  # share of a frame's row that may be other than the frame, by ringing beside the photo
TEXT = 0.4  # the same of a row with a caption's letters, ...
DENSE = 0.8  # or with bold ones all along; even they leave more of any line free
BAR = 0.35  # share of the photo's side that a strip with letters takes at most
ALONG = 0.5  # share of the photo's side that differs from a frame where it ends
BESIDE_TEXT = 0.5  # the same where the strip has letters, ...
BESIDE_DENSE = 0.8  # and where they are dense: the next line of a page is no photo
ABRUPT = 0.008  # share of the long side within which that comes about; two pixels at least
STEP = 6  # grey levels between a photo and a canvas that is a blurred copy of it
FILL = 0.3  # share of the photo's side along which it differs so
SMOOTH = 0.02  # share of steps in such a canvas
ALONE = 0.04  # of the side, from which on one strip without another opposite is a frame
FILLED = 280  # pixels of the short side from which on that is told from chance
LEAST = 48  # pixels, and ...
PART = 0.08  # ... share of the area, that remain of a photo
ROUND = 0.16  # of the short side cut off for round corners at most: what a circle takes
BETWEEN = 0.7  # share of a side that differs from the corners' level, between them
LAYERS = 4  # frames within frames


class Box(NamedTuple):
    """Part of a picture: rows ``top`` to ``bottom``, columns ``left`` to ``right``, pixels."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """Pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Pixels."""
        return self.right - self.left

    def of(self, picture: np.ndarray) -> np.ndarray:
        """A view of that part."""
        return picture[self.top : self.bottom, self.left : self.right]


def inside(luma: np.ndarray) -> Box:
    """What a frame surrounds; the whole picture where there is none.

    Args:
        luma: Shape (H, W), uint8, grey levels.
    """
    whole = box = Box(0, luma.shape[0], 0, luma.shape[1])
    if min(luma.shape) < LEAST:
        return whole
    for _ in range(LAYERS):
        smaller = _without_margins(luma, box)
        if smaller == box:
            smaller = _without_fill(luma, box)
        if smaller == box or not _is_enough(smaller, whole):
            break
        box = smaller
    smaller = _without_corners(luma, box)
    return smaller if _is_enough(smaller, whole) else box


def _is_enough(box: Box, whole: Box) -> bool:
    share = box.height * box.width / (whole.height * whole.width)
    return min(box.height, box.width) >= LEAST and share >= PART


def _without_margins(luma: np.ndarray, box: Box) -> Box:
    """Less a strip of one grey level, maybe with letters in it, at each side that has one."""
    part = box.of(luma)
    shares = _other_at_edges(part)
    if min(shares) > FEW:
        return box  # as of most photos
    top, bottom = _margins(part, True) if min(shares[:2]) <= FEW else (0, 0)
    left, right = _margins(cv2.transpose(part)) if min(shares[2:]) <= FEW else (0, 0)
    if top + bottom >= box.height or left + right >= box.width:
        return box
    return Box(box.top + top, box.bottom - bottom, box.left + left, box.right - right)


def _margins(picture: np.ndarray, letters: bool = False) -> tuple[int, int]:
    """Rows of frames at the top and at the bottom of a picture, with letters in them or not."""
    ways = (picture, picture[::-1])  # from the edge inwards
    first, last = (_margin(way, letters) for way in ways)
    if bool(first) == bool(last):
        return first, last
    strip = ways[0][:first] if first else ways[1][:last]
    return (first, last) if _stands_alone(strip, len(picture), letters) else (0, 0)


def _stands_alone(strip: np.ndarray, extent: int, letters: bool) -> bool:
    """Whether a strip without another opposite is a frame: no scanner's edge, and no dark wall."""
    if len(strip) < ALONE * extent:
        return False
    level = int(np.median(strip[0]))
    same = np.abs(strip.astype(np.int16) - level) <= SAME
    if same.mean() >= PLAIN:
        return True
    if not letters:
        return False
    shares = np.mean(_other(strip, level), axis=1)
    between = shares <= FEW  # rows without letters
    dense = shares.max() > TEXT and between.mean() >= LINES
    return bool(dense and same[between].mean() >= PLAIN)


def _margin(picture: np.ndarray, letters: bool = False) -> int:
    """Rows of a frame at the top of a picture, with letters in it or not; 0 if it has none."""
    level, share = _edge(picture[0])
    if share > FEW:
        return 0
    other = _other(picture, level)
    width = other.shape[1]
    columns = np.flatnonzero(_sums(other, 0) > FEW * len(other))
    if len(columns) == 0:
        return 0
    across = slice(columns[0], columns[-1] + 1)
    shares = (_sums(other, 1) / width).tolist()
    abrupt = max(2, round(ABRUPT * max(picture.shape)))
    found, most = 0, 0.0
    limit = DENSE if letters else FEW
    for row in range(len(other) - abrupt):
        most = max(most, shares[row])
        if most > limit or (most > FEW and row > BAR * len(other)):
            break
        if shares[row] > FEW or shares[row + 1] <= FEW:
            continue  # not the last of the frame
        beyond = picture[row + 1 : row + 1 + abrupt, across].astype(np.int16)
        along = np.mean(np.abs(beyond - picture[row, across]) > NEAR, axis=1)
        enough = ALONG if most <= FEW else BESIDE_TEXT if most <= TEXT else BESIDE_DENSE
        if along.max() >= enough:
            found = row + 2 + int(np.argmax(along >= enough))  # that row itself may be half frame
    return found


def _other_at_edges(picture: np.ndarray) -> list[float]:
    """The share of each of its four edges that is another level than the median of that edge."""
    if calls.takes(picture):
        height, width = picture.shape
        near = calls.edges(picture, NEAR)[:, 1].tolist()
        return [1 - n / of for n, of in zip(near, (width, width, height, height), strict=True)]
    lines = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    return [_edge(line)[1] for line in lines]


def _edge(line: np.ndarray) -> tuple[int, float]:
    """The median of a line, and the share of it that is another level."""
    upto = np.bincount(line, minlength=256).cumsum()
    count = len(line)
    low, high = upto.searchsorted(((count - 1) // 2, count // 2), "right")
    level = int(low + high) // 2
    same = upto[min(level + NEAR, 255)] - (upto[level - NEAR - 1] if level > NEAR else 0)
    return level, 1 - int(same) / count


def _other(picture: np.ndarray, level: int) -> np.ndarray:
    """Where it is another level than this, bool."""
    low, high = max(level - NEAR, 0), min(level + NEAR, 255)
    # what is lower than the lowest turns into the highest
    other: np.ndarray = picture - np.uint8(low) > np.uint8(high - low)
    return other


def _sums(picture: np.ndarray, axis: int) -> np.ndarray:
    """How many of each column (axis 0) or row are true; several times as fast as by NumPy."""
    ones = np.ascontiguousarray(picture).view(np.uint8)
    return np.asarray(cv2.reduce(ones, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S)).ravel()


def _without_fill(luma: np.ndarray, box: Box) -> Box:
    """Less a canvas that is smooth, such as a blurred copy of the photo, at two opposite sides."""
    if min(box.height, box.width) < FILLED:
        return box
    part = box.of(luma)
    # a quarter of its rows and columns tells as much
    columns, rows = -(-box.width // 4), -(-box.height // 4)
    if calls.takes(part):
        steps = calls.steps(part, STEP)
    else:
        steps = (_steps(part[::4]), _steps(cv2.transpose(part)[::4]))
    across, down = _filled(steps[0] / rows), _filled(steps[1] / columns)
    return Box(box.top + down, box.bottom - down, box.left + across, box.right - across)


def _steps(picture: np.ndarray) -> Any:
    """How many steps stand between each column and the next."""
    steps = cv2.absdiff(picture[:, 1:], picture[:, :-1])
    steps = cv2.threshold(steps, STEP, 1, cv2.THRESH_BINARY)[1]
    return cv2.reduce(steps, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0]


def _filled(shares: np.ndarray) -> int:
    """Columns of a smooth canvas at the left and, as many, at the right; 0 if there is none.

    Args:
        shares: Of the pixels of each column, but the last, that differ from the next one.
    """
    near = np.maximum(shares[1:], shares[:-1])  # as the middle may lie between two pixels
    width = len(shares) + 1
    least = max(3, width // 40)
    both = np.minimum(near, near[::-1])[least : int(0.46 * width)]
    if both.max(initial=0) <= FILL:
        return 0
    for column in np.flatnonzero(both > FILL) + least:
        outside = np.concatenate([shares[: column - 2], shares[len(shares) - column + 2 :]])
        if outside.mean() > SMOOTH:
            return 0
        return int(column) + 3
    return 0


def _without_corners(luma: np.ndarray, box: Box) -> Box:
    """Less as much of each side as rid the picture of four round corners of one grey level."""
    part = box.of(luma)
    level = int(part[0, 0])
    corners = part[[0, 0, -1, -1], [0, -1, 0, -1]]
    if _other(corners, level).any():
        return box
    edges = (part[0], part[-1], part[:, 0], part[:, -1])
    runs = [run for edge in edges for run in _ends(edge, level)]
    if min(runs) < 3 or any(max(pair) > 1.6 * min(pair) for pair in (runs[:4], runs[4:])):
        return box
    most = int(ROUND * min(part.shape))
    way = np.arange(most + 1)
    diagonals = (part[way, way], part[way, -1 - way], part[-1 - way, way], part[-1 - way, -1 - way])
    cut = max(_ends(diagonal, level, 0)[0] for diagonal in diagonals)
    if cut > most:
        return box
    cut += 2
    return Box(box.top + cut, box.bottom - cut, box.left + cut, box.right - cut)


def _ends(line: np.ndarray, level: int, between: float = BETWEEN) -> tuple[int, int]:
    """Pixels of that level at both ends of a line; none if too few of those between are others."""
    other = np.flatnonzero(_other(line, level))
    if len(other) == 0:
        return (0, 0) if between else (len(line), len(line))
    first, last = int(other[0]), len(line) - 1 - int(other[-1])
    if len(other) < between * (len(line) - first - last):
        return 0, 0
    return first, last
