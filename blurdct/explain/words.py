"""An explanation in sentences, for whoever asks why."""

from collections.abc import Iterator
from typing import Any

from ..features.photo import FRAMED
from ..inference.prediction import BLURRED, UNKNOWN, Prediction
from .parts import WHOLE_PHOTO
from .places import Place
from .reasons import Explanation, Reasons
from .typical import DETAIL, typical_photographs

SIZES = {"full": "full size", "half": "half size", "quarter": "a quarter of its size"}
BANDS = {"high_freq": "fine", "med_freq": "medium", "low_freq": "coarse"}
DIRECTIONS = {
    "across": "from left to right",
    "diagonal": "slanting",
    "down": "from top to bottom",
    "none": "in no one direction",
    WHOLE_PHOTO: "whole photo",
}
AGAINST = 0.5  # log odds of what speaks against the verdict, to be worth a sentence
WORTH = 0.5  # share of photographs that something is stronger or weaker than, likewise


def title(prediction: Prediction, name: str) -> str:
    """The question that the page answers."""
    if prediction.label == UNKNOWN:
        return f"Why {name} cannot be judged"
    return f"Why {name} is called {prediction.label}"


def sentences(explanation: Explanation) -> Iterator[str]:
    """What is to be said first, one by one."""
    prediction, reasons = explanation.prediction, explanation.reasons
    if reasons is None:
        yield (
            f"Nothing in this photo could be sharp or blurred ({prediction.reason}), so that it "
            "has no score."
        )
        return
    yield from _verdict(prediction)
    yield from _basis(prediction)
    yield _strongest(prediction.label, reasons)
    yield from _against(prediction.label, reasons)
    yield from _places(prediction, reasons)


def captions(explanation: Explanation) -> dict[str, str]:
    """What stands below each picture."""
    places = explanation.reasons.places if explanation.reasons else []
    frame = ", without the frame around it" if FRAMED in explanation.prediction.note else ""
    marked = ", with the places that count most" if places else ""
    return {
        "photo": f"As it was judged{frame}{marked}.",
        "evidence": "Grey: nothing there could be sharp or blurred, such as even sky or paper. It "
        "counts for brightness and noise alone.",
        "influence": "Orange speaks for blurred, teal for sharp, colourless for neither: what the "
        "model says of the photo, less what it says without the surroundings of each place.",
        "map": "Yellow: blurred, dark blue: sharp. A network of its own looks at each place; this "
        "has no part in the verdict.",
    }


def part_name(part: Any) -> str:
    """A size and a band, or the whole photo, in words."""
    size, band = part
    if size == WHOLE_PHOTO:
        return "the photo as a whole: brightness, noise, how much of it shows anything"
    return f"{BANDS[band]} detail at {SIZES[size]}"


def letter(number: int) -> str:
    """What the place of that number, from 0 on, is called: A, B, ..."""
    return "ABCDEFGH"[number]


def called(place: Place, prediction: Prediction) -> str:
    """The label that the photo would have without a place."""
    return BLURRED if place.without >= prediction.threshold else "sharp"


def _verdict(prediction: Prediction) -> Iterator[str]:
    doubt = "and that is sure" if prediction.sure else "but that is not sure: look at it yourself"
    yield f"This photo is called {prediction.label}, {doubt}."
    yield (
        f"Its score is {score(prediction.probability)}, where 0 is sharp and 100 is blurred; from "
        f"{score(prediction.threshold)} on it would be called blurred."
        if prediction.label != BLURRED
        else f"Its score is {score(prediction.probability)}, where 0 is sharp and 100 is blurred; "
        f"below {score(prediction.threshold)} it would be called sharp."
    )


def _basis(prediction: Prediction) -> Iterator[str]:
    share = prediction.evidence
    if share < 0.995:
        yield (
            f"The verdict rests on {share:.0%} of the photo; the rest shows nothing that could be "
            "sharp or blurred, and counts for brightness and noise alone."
        )


def _strongest(label: str, reasons: Reasons) -> str:
    sign = 1 if label == BLURRED else -1
    part, value = max(reasons.parts.items(), key=lambda pair: sign * pair[1])
    if sign * value <= 0:
        return "No part of it speaks for that by itself."
    return f"What speaks for {label} most is {part_name(part)}{_compared(part, sign, reasons)}."


def _compared(part: Any, sign: int, reasons: Reasons) -> str:
    """How the detail of a part compares; empty where that is no reason."""
    if part not in DETAIL:
        return ""
    other, how = ("sharp", "weaker") if sign > 0 else ("blurred", "stronger")
    below = typical_photographs()[other].share_below(DETAIL[part], reasons.numbers[DETAIL[part]])
    share = 1 - below if sign > 0 else below
    return f", which is {how} than in {among(share)} {other} photographs" if share > WORTH else ""


def _against(label: str, reasons: Reasons) -> Iterator[str]:
    sign = 1 if label == BLURRED else -1
    part, value = min(reasons.parts.items(), key=lambda pair: sign * pair[1])
    if -sign * value >= AGAINST:
        yield f"Against it speaks most {part_name(part)}."


def _places(prediction: Prediction, reasons: Reasons) -> Iterator[str]:
    turning = [
        (letter(number), place)
        for number, place in enumerate(reasons.places)
        if called(place, prediction) != prediction.label
    ]
    if turning:
        name, place = turning[0]
        yield (
            f"One place decides: without {name} the photo would be called "
            f"{called(place, prediction)}, with a score of {score(place.without)}."
        )
    elif reasons.places:
        place = reasons.places[0]
        yield (
            f"No single place decides; most depends on A, without which the score would be "
            f"{score(place.without)}."
        )
    elif reasons.windows:
        left = [place.without for place in reasons.windows]
        yield (
            "No single place decides: without any one of them the score stays between "
            f"{score(min(left))} and {score(max(left))}."
        )


def score(probability: float | None) -> str:
    """P as a score, for people."""
    return "-" if probability is None else f"{100 * probability:.1f}".removesuffix(".0")


def percent(share: float) -> str:
    """A share for people; what is not quite all or nothing is not called that."""
    if 0 < share < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < share < 1 else f"{share:.0%}"


def among(share: float) -> str:
    """The same before the name of many: all, no, or so many of them."""
    return "no" if share == 0 else "all" if share == 1 else f"{percent(share)} of"
