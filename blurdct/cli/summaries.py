"""What training, judging and calibrating came to, in a few lines of text."""

import json
import shlex
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from ..inference.bundle import Bundle
from ..inference.thresholds import VERDICTS, Thresholds

MISSING = "-"
SURE = VERDICTS.index("blurred")
Numbers = Mapping[str, Any]

# Key in ``metrics.summary``, heading.
SHARES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "false_positive_rate": "FPR",
}
WORTH = {
    "accuracy": "accuracy",
    "false_positive_rate": "FPR",
    "brier": "squared error of P",
    "calibration_error": "calibration error",
    "sharp_blurred": "sharp, surely blurred",
    "blurred_sharp": "blurred, surely sharp",
}


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for row in (head, *rows):
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells[1:]]))
    return lines


def judged(rows: Sequence[Numbers], labels: Sequence[str] = ()) -> list[str]:
    """Models side by side.

    Args:
        rows: ``metrics.summary`` of each with ``model``, its name, and ``interval``, of ROC AUC.
        labels: Labels to count, where rows have ``labels``: by truth, how many got which.
    """
    cells = []
    for row in rows:
        low, high = (_number(end) for end in row["interval"])
        ends = f"{low} to {high}" if low != MISSING else MISSING
        counts = [str(sum(of[label] for of in row["labels"].values())) for label in labels]
        shares = [_number(row[key]) for key in SHARES]
        numbers = [f"{row['photos']:.0f}", _number(row["roc_auc"]), ends, *shares]
        cells.append([str(row["model"]), *numbers, *counts])
    head = ("model", "photos", "ROC AUC", "95 % interval", *SHARES.values(), *labels)
    return aligned(head, cells)


def learnt(name: str, report: Numbers, copies: int, scenes: int, out: Path) -> list[str]:
    """A model that was trained: on what, how good it is, how to use it.

    Args:
        name: Of the model.
        report: Of ``evaluation.model_report.report_on``.
        copies: Blurred and sharp ones beside the photographs.
        scenes: Groups of the photographs.
        out: Where the bundle is.
    """
    real, (low, high) = report["real"], report["interval"]
    blurred = int(real["blurred"])
    sharp = int(real["photos"]) - blurred
    beside = f", and from {copies} copies of the sharp ones" if copies else ""
    return [
        f"{name} learnt from {sharp} sharp and {blurred} blurred photographs of {scenes} scenes"
        + beside,
        "judged by cross-validation, each photograph by a model that saw none of its scene:",
        f"  ROC AUC {_number(real['roc_auc'])} (95 % interval {_number(low)} to {_number(high)})",
        f"  at P .5: accuracy {_number(real['accuracy'])}, "
        f"FPR (sharp called blurred) {_number(real['false_positive_rate'])}",
        _limits(Thresholds(**report["thresholds"]))
        + f"; blurred so: {report['labels']['sharp'][SURE]:.1%} of the sharp, "
        f"{report['labels']['blurred'][SURE]:.1%} of the blurred ones",
        f"use it: blurdct predict photo.jpg --model {shlex.quote(str(out))}",
    ]


def calibrated(before: Numbers, after: Numbers, bundle: Bundle, out: Path | None) -> list[str]:
    """A model before and after calibration; ``before`` and ``after`` as in ``Calibrated``.

    ``out`` is None if it is not to be used.
    """
    rows = [
        [when, *(_number(numbers[key]) for key in WORTH)]
        for when, numbers in (("before", before), ("after", after))
    ]
    count = bundle.training["calibrated"]
    return [
        f"calibrated on {count['photos']} photographs, {count['blurred']} of them blurred, of "
        f"{count['groups']} scenes; after: by limits that other scenes were asked for",
        *aligned(("", *WORTH.values()), rows),
        *([_limits(bundle.thresholds), _use(out)] if out else []),
    ]


def plain(numbers: Numbers) -> str:
    """Numbers as JSON; null where there is none."""
    return json.dumps({key: _plain(value) for key, value in numbers.items()})


def _use(out: Path) -> str:
    return f"use it: blurdct predict photo.jpg --model {shlex.quote(str(out))}"


def _limits(at: Thresholds) -> str:
    return f"surely sharp below P {at.sure_sharp:.3f}, surely blurred from {at.sure_blurred:.3f}"


def _number(value: float | None) -> str:
    return f"{value:.3f}" if value is not None and isfinite(value) else MISSING


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
