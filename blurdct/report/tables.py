"""Counts of a collection -> tables by label, folder and reason of an error."""

from ..inference.prediction import UNKNOWN
from ..inference.thresholds import VERDICTS
from ..results import UNREADABLE
from ..utils.html import short
from ..utils.tables import Cell, Section
from .summary import KINDS, SHOWN_ERRORS, Summary

SHOWN_FOLDERS = 200


def labels(summary: Summary) -> Section:
    """How many photographs have which label, and where their P lies."""
    at = summary.thresholds
    limits = [0.0, min(at.sure_sharp, at.decision), at.decision]
    limits = [*limits, max(at.sure_blurred, at.decision), 1.0]
    between = zip(VERDICTS, limits, limits[1:], strict=False)
    meaning = {
        **{name: _range(name, low, high) for name, low, high in between},
        UNKNOWN: "shows nothing that could be sharp or blurred",
        UNREADABLE: "see the errors",
    }
    rows = []
    for kind in KINDS:
        part = summary.kinds[kind]
        share = part / max(1, summary.photos)
        rows.append([_text(kind), _count(part), Cell(f"{share:.1%}", share), _text(meaning[kind])])
    return Section("Labels", "", ("label", "photos", "share", "meaning"), rows)


def top_folders(summary: Summary) -> list[str]:
    """The folders that are shown: those with the most blurred photographs."""
    kinds = summary.folders

    def order(name: str) -> tuple[int, int, str]:
        return -(kinds[name]["blurred"] + kinds[name]["blurred?"]), -sum(kinds[name].values()), name

    return sorted(kinds, key=order)[:SHOWN_FOLDERS]


def folders_table(summary: Summary, folders: list[str]) -> Section:
    """What is in each folder; what a threshold drops of it is left to the page's script."""
    note = "What the threshold drops in each."
    if len(folders) < len(summary.folders):
        note += f" The {len(folders)} of {len(summary.folders):,} with the most blurred photos."
    rows = []
    for name in folders:
        kinds = summary.folders[name]
        counts = [_count(kinds[kind]) for kind in KINDS]
        rows.append([_text(name), _count(sum(kinds.values())), Cell("", 0), Cell("", 0), *counts])
    return Section("Folders", note, ("folder", "photos", "dropped", "share", *KINDS), rows)


def errors(summary: Summary) -> Section:
    """Why photographs could not be read; no rows if all could. Its note is for ``error_rows``."""
    note = (
        "All of them" if summary.kinds[UNREADABLE] <= SHOWN_ERRORS else f"The first {SHOWN_ERRORS}"
    )
    rows = [[_text(why), _count(photos)] for why, photos in summary.errors.most_common()]
    return Section("Errors", note, ("reason", "photos"), rows)


def _range(verdict: str, low: float, high: float) -> str:
    return f"P {low:.3f} to {high:.3f}{', not sure' if verdict.endswith('?') else ''}"


def _text(text: str) -> Cell:
    return Cell(short(text), text)


def _count(photos: int) -> Cell:
    return Cell(f"{photos:,}", photos)
