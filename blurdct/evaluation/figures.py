"""The curves of a comparison -> figures: SVG that a page takes in, PNG that stands alone."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..utils.atomic import replacing
from .schema import Report

# Each has a contrast of 3 and more on white and on a page's dark ground; with as many dashes as do
# not divide their number, no two of the first 24 lines look the same.
COLOURS = ("#1477d4", "#d2541b", "#12906a", "#b8479b", "#8a6fe8", "#a07708", "#e0405a", "#7a7f87")
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1)))
INK = "#0a0b0c"  # stands for the page's own colour of text
CUTOFF_NUMBERS = {"precision": "precision", "recall": "recall", "f1": "F1", "accuracy": "accuracy"}
FEWEST = 5  # photographs of a bin; the share of fewer is noise
LONGEST = 32  # letters of a name in a legend
TOP = 15  # columns whose importance is shown
IMPORTANCE = {
    "dct-xgb": "mean gain of a split (log-loss)",
    "dct-forest": "share of the fall in Gini impurity",
    "dct-logistic": "log odds that a standard deviation moves",
}


@dataclass(frozen=True)
class Panel:
    """A curve of every model in one pair of axes.

    Attributes:
        title: Over it.
        curve: Which of ``metrics.curves``, with its columns ``x`` and ``y``.
        x_label: With what the number is a share of; ``y_label`` likewise.
        style: How points are joined.
        guide: What the diagonal would be, if anything.
        low: Whether small x take most of the width.
    """

    title: str
    curve: str
    x: str
    y: str
    x_label: str
    y_label: str
    style: str = "default"
    guide: str = ""
    low: bool = False


_RATES = ("false positive rate, share of sharp", "recall, share of blurred")
_CUT = "cut-off, P(blurred) 0 to 1"
COMPARED = {
    "roc": Panel("ROC", "roc", "fpr", "tpr", *_RATES, "steps-post", "guessing"),
    "roc-low": Panel(
        "ROC at few false positives", "roc", "fpr", "tpr",
        "false positive rate (linear below .01)", _RATES[1], "steps-post", low=True,
    ),
    "precision-recall": Panel(
        "Precision against recall", "precision_recall", "recall", "precision",
        _RATES[1], "precision, share of those called", style="steps-post",
    ),
    "reliability": Panel(
        "Reliability", "reliability", "mean_p", "blurred",
        "mean P(blurred) of a bin", "share that is blurred", guide="perfect",
    ),
    **{
        f"cutoff-{key}": Panel(
            f"{name[0].upper()}{name[1:]} at each cut-off", "cutoffs", "cutoff", key, _CUT,
            f"{name}, 0 to 1",
        )
        for key, name in CUTOFF_NUMBERS.items()
    },
}  # fmt: skip


def compared(report: Report) -> dict[str, str]:
    """SVG of each panel with all models in it, by name; of one model no cut-offs, see ``own``."""
    models, made = report["models"], {}
    with _settings():
        for name, panel in COMPARED.items():
            if panel.curve == "cutoffs" and len(models) == 1:
                continue
            figure, axis = _figure(len(models) + bool(panel.guide))
            _plot(axis, panel, models)
            _legend(figure, axis, 2)
            made[name] = _svg(figure, f"compared-{name}", panel.title)
    return made


def own(report: Report, name: str) -> dict[str, str]:
    """SVG of each figure of one model alone, by name."""
    one, made = report["models"][name], {}
    prefix = f"own-{list(report['models']).index(name)}"
    with _settings():
        figure, axis = _figure(2)
        _plot_cutoffs(axis, one["curves"]["cutoffs"])
        _legend(figure, axis, 4)
        made["cutoffs"] = _svg(figure, f"{prefix}-cutoffs", f"What a cut-off gives: {name}")
        if one["importance"]:
            figure, axis = _figure(0)
            _plot_importance(axis, one["importance"], IMPORTANCE.get(one["model"], "importance"))
            made["importance"] = _svg(figure, f"{prefix}-importance", f"Importance: {name}")
    return made


def draw(report: Report, path: Path) -> None:
    """ROC, precision against recall, cut-offs and reliability of every model, as PNG.

    The panel of cut-offs shows the F1 of several models; of one also precision, recall, accuracy.
    """
    models = report["models"]
    with _settings(ink="black"):
        rows = -(-len(models) // 4)
        # not by pyplot, whose backend belongs to whoever imports this
        figure = Figure(figsize=(11, 9 + 0.22 * rows), layout="constrained")
        axes = figure.subplots(2, 2)
        names = ("roc-low", "precision-recall", "cutoff-f1", "reliability")
        for axis, name in zip(axes.flat, names, strict=True):
            if name == "cutoff-f1" and len(models) == 1:
                _plot_cutoffs(axis, next(iter(models.values()))["curves"]["cutoffs"])
                axis.legend(fontsize=9)
            else:
                _plot(axis, COMPARED[name], models)
        _legend(figure, axes[1, 1], 4, size=9)
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=110, format="png")


@contextmanager
def _settings(ink: str = INK) -> Iterator[None]:
    """Same curves, same bytes; names are text, whatever dollar signs are in them."""
    settings: dict[Any, Any] = {
        "svg.hashsalt": "blurdct",
        "svg.fonttype": "none",
        "text.parse_math": False,
        "font.size": 9,
        "axes.titlesize": 10.5,
        "lines.linewidth": 1.5,
        "axes.grid": True,
        "grid.alpha": 0.15,
        "grid.color": ink,
        "legend.frameon": False,
    }
    inked = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    with matplotlib.rc_context(settings | dict.fromkeys(inked, ink)):
        yield


def _figure(entries: int) -> tuple[Figure, Axes]:
    """A figure as wide as a phone shows legibly, with room for a legend of two columns."""
    figure = Figure(figsize=(4.7, 3.5 + 0.19 * -(-entries // 2)), layout="constrained")
    return figure, figure.subplots()


def _plot(axis: Axes, panel: Panel, models: dict[str, Report]) -> None:
    if panel.guide:
        axis.plot([0, 1], [0, 1], color="#888888", linestyle=":", label=panel.guide)
    for number, (name, one) in enumerate(models.items()):
        columns = one["curves"][panel.curve]
        x, y = columns[panel.x], columns[panel.y]
        if "photos" in columns:
            filled = [count >= FEWEST for count in columns["photos"]]
            x, y = ([v for v, keep in zip(of, filled, strict=True) if keep] for of in (x, y))
        x, y = ([float("nan") if v is None else v for v in of] for of in (x, y))
        look: dict[str, Any] = _look(number)
        if "photos" in columns:
            look |= {"marker": "o", "markersize": 3.5}
        axis.plot(x, y, drawstyle=panel.style, label=_short(name), **look)
    axis.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label, xlim=(0, 1.005))
    axis.set_ylim(top=1.01)
    if panel.curve in {"roc", "reliability"}:
        axis.set_ylim(bottom=-0.01)
    if panel.low:
        axis.set_xscale("symlog", linthresh=0.01)
        axis.set_xlim(0, 1)
        axis.xaxis.set_major_locator(FixedLocator([0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _plot_cutoffs(axis: Axes, columns: dict[str, list[float]]) -> None:
    for number, (key, name) in enumerate(CUTOFF_NUMBERS.items()):
        y = [float("nan") if v is None else v for v in columns[key]]
        axis.plot(columns["cutoff"], y, label=name, **_look(number))
    axis.set(title="What a cut-off gives", xlabel=_CUT, ylabel="share, 0 to 1", xlim=(0, 1))
    axis.set_ylim(top=1.01)


def _plot_importance(axis: Axes, importance: dict[str, float], meaning: str) -> None:
    top = list(importance.items())[:TOP][::-1]
    axis.barh([_short(name) for name, _ in top], [value for _, value in top], color=COLOURS[0])
    axis.set(title="Columns that count most", xlabel=meaning)
    axis.grid(visible=False, axis="y")


def _legend(figure: Figure, axis: Axes, columns: int, size: float = 8) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=size)


def _look(number: int) -> dict[str, Any]:
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": DASHES[number % len(DASHES)],
    }


def _short(name: str) -> str:
    """A name as a legend takes it: not too long, and none that hides it."""
    name = _printable(name)
    name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return f" {name}" if name.startswith("_") else name


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in name)


def _svg(figure: Figure, prefix: str, title: str) -> str:
    """A figure as an element of a page: no size of its own, ids that no other figure has."""
    file = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].strip().replace(INK, "currentColor")
    head, rest = svg.split(">", 1)
    view_box = re.search(r'viewBox="[^"]*"', head)
    box = view_box[0] if view_box else ""
    head = f'<svg role="img" aria-label="{escape(_printable(title))}" {box}'
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', rest))
    rest = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", rest)
    rest = re.sub(r"<style.*?</style>", "", rest, flags=re.DOTALL)  # would hold for the whole page
    rest = re.sub(r' d="[^"]*"', lambda m: _rounded(m[0]), rest)
    for name in used:
        rest = re.sub(rf'(id="|href="#|url\(#){re.escape(name)}\b', rf"\g<1>{prefix}-{name}", rest)
    return f"{head}>{rest}"


def _rounded(path: str) -> str:
    """The data of an SVG path to tenths of a point."""
    path = re.sub(r"\d+\.\d+", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), path)
    return " " + " ".join(path.split())
