"""The sizes at which a photo is sharp: P(blurred) from a thumbnail up to its own pixels.

A photo reduced to half its size has half the blur, in pixels, so each size has a verdict of its
own. At the working size that is the plain one. At a larger size the photo is cut into tiles of
the working size, each is judged, and the log odds of their P are averaged with most of the weight
on the sharpest tenth: a photo is sharp where its subject is, however soft the background.

No size is sharper than a smaller one. What is sharp stays so when it is reduced; where the tiles of
a larger size seem sharper than the whole at a smaller one, they show noise, JPEG blocks or the
traces of sharpening, which reducing takes away. The plain verdict holds then, for all else hangs on
it: P at a size is the largest of those up to it.

Source:
    Averaging log odds to join several P: Genest, Zidek, Statistical Science 1(1), 1986,
    doi:10.1214/ss/1177013825.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..features.photo import Photo
from ..images.files import read_bytes
from ..images.reader import Source, read_luma
from ..metrics import logit
from .detector import Detector
from .prediction import Prediction

# Chosen on blurred mosaics of data/sample/sharp: with less weight a photo that is sharp in a fifth
# of its tiles is hardly ever sharp, with more it hardly gains (benchmarks/sizes.py --weights).
SHARPEST = 0.1  # this share of the tiles, rounded up, ...
WEIGHT = 0.9  # ... has this share of the weight
SEEN = 2.5  # pixels of a size; a blur of fewer is known better from a larger size
SUREST = 0.999  # P of a tile counts as no nearer to 1, nor to 0, so that no tile outvotes the rest

LARGE = 2**31  # pixels, over any long side: a photo is read at its own size


@dataclass(frozen=True)
class SizeVerdict:
    """At which sizes one photo is sharp.

    Attributes:
        prediction: What ``Detector.predict`` says of it, at the working size.
        side: Its own long side, pixels.
        sizes: Long side in pixels, ascending -> P(blurred) at that size, 0 sharp .. 1 blurred,
            ascending too: the working size, its doubles as long as the photo is larger, and last
            the photo's own size, without a frame around it. A size at which nothing in the photo
            could be sharp or blurred is left out; if that is the smallest, all are.
        sharp_size: The largest of these sizes at which the photo is sharp by the detector's
            threshold; None if it is at none.
        blur: How wide a point's image is in the sharpest tenth of the tiles, in pixels of the
            photo: from the smallest of these sizes at which that is 2.5 pixels or more, else from
            the largest. None if the model does not know, or ``sizes`` is empty.
    """

    prediction: Prediction
    side: int
    sizes: dict[int, float]
    sharp_size: int | None
    blur: float | None = None

    @property
    def path(self) -> str:
        """The photo's path, or the name it was given."""
        return self.prediction.path

    @property
    def model(self) -> str:
        """The model's name."""
        return self.prediction.model


def judge_sizes(detector: Detector, photo: Source, name: str | None = None) -> SizeVerdict:
    """Judge one photo at each of its sizes.

    Models that see colours see the tiles of larger sizes in grey.

    Args:
        detector: The model; its working size is the smallest size judged and the side of a tile.
        photo: Path, bytes, open file or array; see ``images.read_luma``.
        name: What to call it; its path if left out.

    Raises:
        ImageError: It cannot be read; the message names it and says why.
    """
    if hasattr(photo, "read"):
        photo, name = read_bytes(photo, name)  # such a file can be read only once
    prediction = detector.predict(photo, name)
    working = detector.config.size
    opened = Photo(photo, detector.config, name)
    whole = read_luma(opened.source, replace(detector.config, size=LARGE), opened.name)
    luma = opened.within(whole)
    own = max(luma.shape)
    sizes: dict[int, float] = {}
    blur, seen = None, False  # by the sizes up to now; whether it is wide enough there
    blurrier = 0.0  # P at the size before, which a larger one cannot fall below
    for side in judged_at(own, working):
        answers, pixel = [prediction], 1.0  # what their blur is in, pixels of the photo
        if side > working:
            reduced = read_luma(luma, replace(detector.config, size=side))
            pieces = (Photo(tile, detector.config, bare=True) for tile in tiles(reduced, working))
            answers = detector.verdicts([detector.look(piece, "") for piece in pieces])
            pixel = own / side
        told = [answer.probability for answer in answers if answer.probability is not None]
        if told:
            sizes[side] = blurrier = max(blurrier, joined(told))
            widths = [pixel * answer.blur for answer in answers if answer.blur is not None]
            if widths and not seen:
                blur = sharpest_width(widths)
                seen = blur * side >= SEEN * own
        elif side <= working:
            break  # what shows nothing when reduced is noise at larger sizes
    sharp = [side for side, p in sizes.items() if p < detector.thresholds.decision]
    return SizeVerdict(prediction, max(whole.shape), sizes, max(sharp, default=None), blur)


def judged_at(own: int, working: int) -> list[int]:
    """The long sides at which a photo of this long side is judged, ascending, pixels."""
    sides = []
    side = working
    while side < own:
        sides.append(side)
        side *= 2
    return [*sides, own]


def tiles(luma: np.ndarray, side: int) -> Iterator[np.ndarray]:
    """Views of a picture that cover it: shape (side, side), or what there is of a narrower one.

    They lie edge to edge from the top left corner on, so that they keep to the blocks of a JPEG
    file; only the last of a row or column overlaps the one before.
    """
    rows, columns = (_starts(extent, side) for extent in luma.shape)
    for top in rows:
        for left in columns:
            yield luma[top : top + side, left : left + side]


def joined(
    probabilities: Iterable[float], sharpest: float = SHARPEST, weight: float = WEIGHT
) -> float:
    """P(blurred) of a photo from those of its tiles, at least one; 0 sharp .. 1 blurred.

    The weighted mean of their log odds: the sharpest tenth of the tiles, rounded up, have nine
    tenths of the weight between them, the others one tenth. One tile keeps its P.
    """
    p = np.sort(np.fromiter(probabilities, np.float64))
    if len(p) == 1:
        return float(p[0])
    odds = logit(np.clip(p, 1 - SUREST, SUREST))
    first = math.ceil(sharpest * len(p))
    mean = weight * odds[:first].mean() + (1 - weight) * odds[first:].mean()
    return float(1 / (1 + np.exp(-mean)))


def sharpest_width(widths: Iterable[float]) -> float:
    """The width that the sharpest tenth of the tiles, rounded up, do not exceed; at least one."""
    rising = sorted(widths)
    return rising[math.ceil(SHARPEST * len(rising)) - 1]


def _starts(extent: int, side: int) -> list[int]:
    return [*range(0, max(0, extent - side), side), max(0, extent - side)]
