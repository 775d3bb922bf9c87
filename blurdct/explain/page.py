"""An explanation -> one HTML page that needs nothing beside itself."""

import math
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from .._version import __version__
from ..features.photo import Photo
from ..features.summary import SUMMARY
from ..inference.detector import Detector
from ..inference.prediction import BLURRED, Prediction
from ..utils.atomic import replacing
from ..utils.html import render
from . import words
from .parts import WHOLE_PHOTO
from .pictures import Crop, Pictures, draw_pictures
from .places import Place
from .reasons import Explanation, Reasons, explain_photo
from .typical import DETAIL, DIRECTED, STEPS, typical_photographs

ASSETS = ("explain.css",)
LEAST_SCALE = 2.0  # log odds that the longest bar stands for at least
TENTH, NINTH = STEPS.index(0.1), STEPS.index(0.9)


class Bar(NamedTuple):
    """A contribution, drawn from the middle to one side."""

    name: str
    value: float  # log odds
    left: float  # where it begins, per cent of the width
    width: float  # per cent


class Range(NamedTuple):
    """A number of the photo on the scale of typical photographs, per cent of the width."""

    name: str
    at: float
    sharp: tuple[float, float]  # from the lowest tenth to the highest
    blurred: tuple[float, float]
    told: str  # how it compares


class Spot(NamedTuple):
    """A place that decides."""

    name: str
    place: Place
    crop: Crop
    box: tuple[float, float, float, float]  # left, top, width, height; pixels of the picture
    label: str  # what the photo would be called without it


def write_page(
    detector: Detector,
    photo: Photo,
    out: str | PathLike[str],
    name: str | None = None,
    short_name: str = "",
) -> Prediction:
    """Explain a photo on a page; the verdict on it.

    Args:
        detector: As for ``explain_photo``.
        photo: Opened at the detector's working size.
        out: The page; one that is there is replaced.
        name: What the verdict calls the photo; its own name if left out.
        short_name: What the page calls it; the end of its path if left out.

    Raises:
        ImageError: The photo cannot be read.
        ModelError: A model whose verdicts cannot be explained.
        OSError: The page cannot be written; its folder is not made.
    """
    explanation = explain_photo(detector, photo, name)
    pictures = draw_pictures(photo, explanation)
    short_name = short_name or Path(explanation.prediction.path).name or "this photo"
    with replacing(Path(out), make_folder=False) as temporary:
        temporary.write_text(html(explanation, pictures, short_name), encoding="utf-8")
    return explanation.prediction


def html(explanation: Explanation, pictures: Pictures, name: str) -> str:
    """The page's text, which UTF-8 can hold.

    Args:
        explanation: Of ``explain_photo``.
        pictures: Of the same photo.
        name: What the page calls it.
    """
    prediction, reasons = explanation.prediction, explanation.reasons
    told: dict[str, Any] = {}
    if reasons is not None:
        told = {
            "spots": _spots(prediction, reasons, pictures),
            "parts": _parts(reasons),
            "directions": _bars(
                [(words.DIRECTIONS[str(one)], value) for one, value in reasons.directions.items()]
            ),
            "detail": _detail(reasons),
            "directed": _directed(reasons),
            "start": words.score(_probability(reasons.start)),
            "numbers": _numbers(reasons),
            "typical": {label: one.photos for label, one in typical_photographs().items()},
        }
    return render(
        __package__,
        "explain.html.j2",
        ASSETS,
        title=words.title(prediction, name),
        version=__version__,
        prediction=prediction,
        reasons=reasons,
        first=list(words.sentences(explanation)),
        facts=_facts(explanation),
        pictures=pictures,
        captions=words.captions(explanation),
        **{"spots": [], **told},
    )


def _facts(explanation: Explanation) -> dict[str, str]:
    prediction = explanation.prediction
    width, height = explanation.sides
    facts = {"score": words.score(prediction.probability), "verdict": prediction.shown}
    if explanation.reasons is not None:
        facts["shows something"] = f"{words.percent(prediction.evidence)} of it"
    if prediction.sharp_fraction is not None:
        facts["sharp"] = f"{words.percent(prediction.sharp_fraction)} of it"
    if prediction.blur is not None:
        facts["blur where it is sharpest"] = f"about {prediction.blur:.0f} px"
    return {**facts, "judged at": f"{width} x {height} px", "model": prediction.model}


def _spots(prediction: Prediction, reasons: Reasons, pictures: Pictures) -> list[Spot]:
    width, height = pictures.size
    rows, columns = reasons.evidence.shape
    found = []
    for number, (place, crop) in enumerate(zip(reasons.places, pictures.crops, strict=True)):
        (top, bottom), (left, right) = place.rows, place.columns
        box = (
            width * left / columns,
            height * top / rows,
            width * (right - left) / columns,
            height * (bottom - top) / rows,
        )
        found.append(Spot(words.letter(number), place, crop, box, words.called(place, prediction)))
    return found


def _parts(reasons: Reasons) -> dict[str, list[Bar]]:
    """Size, in words -> the bars of its bands; all on one scale."""
    order = [*DETAIL, (WHOLE_PHOTO, WHOLE_PHOTO)]
    names = [words.BANDS.get(band, "light, noise") for _, band in order]
    bars = _bars([(name, reasons.parts[part]) for name, part in zip(names, order, strict=True)])
    grouped: dict[str, list[Bar]] = {}
    for (size, _), bar in zip(order, bars, strict=True):
        grouped.setdefault(words.SIZES.get(size, words.DIRECTIONS[WHOLE_PHOTO]), []).append(bar)
    return grouped


def _bars(values: Sequence[tuple[str, float]]) -> list[Bar]:
    longest = max(LEAST_SCALE, *(abs(value) for _, value in values))
    return [
        Bar(name, value, 50 + min(0.0, 50 * value / longest), 50 * abs(value) / longest)
        for name, value in values
    ]


def _detail(reasons: Reasons) -> dict[str, list[Range]]:
    grouped: dict[str, list[Range]] = {}
    for (size, band), number in DETAIL.items():
        one = _range(words.BANDS[band], number, reasons)
        grouped.setdefault(words.SIZES[size], []).append(one)
    return grouped


def _directed(reasons: Reasons) -> dict[str, list[Range]]:
    grouped: dict[str, list[Range]] = {}
    for (size, band, direction), number in DIRECTED.items():
        one = _range(words.DIRECTIONS[direction], number, reasons)
        grouped.setdefault(words.part_name((size, band)), []).append(one)
    return grouped


def _range(name: str, number: str, reasons: Reasons) -> Range:
    typical, value = typical_photographs(), reasons.numbers[number]
    low, high = _scale()

    def place(of: float) -> float:
        return 100 * min(1.0, max(0.0, (of - low) / (high - low)))

    spans = {
        label: (place(one.spreads[number][TENTH]), place(one.spreads[number][NINTH]))
        for label, one in typical.items()
    }
    among = {label: words.among(one.share_below(number, value)) for label, one in typical.items()}
    told = f"stronger than {among['sharp']} sharp, {among[BLURRED]} blurred"
    return Range(name, place(value), spans["sharp"], spans[BLURRED], told)


def _scale() -> tuple[float, float]:
    """From where to where detail is drawn: what typical photographs have between them."""
    spreads = [spread for one in typical_photographs().values() for spread in one.spreads.values()]
    return min(spread[TENTH] for spread in spreads), max(spread[NINTH] for spread in spreads) + 0.5


def _numbers(reasons: Reasons) -> Iterable[tuple[str, float, float, float]]:
    """Each number by its name: the photo's, and that of the typical sharp and blurred one."""
    typical = typical_photographs()
    for at, name in enumerate(SUMMARY):
        medians = [float(one.medians[at]) for one in typical.values()]
        yield name, reasons.numbers[name], medians[0], medians[1]


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
