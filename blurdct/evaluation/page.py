"""A comparison for people: Markdown, and one HTML page that needs nothing beside itself."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..utils.atomic import replacing
from ..utils.html import render
from . import figures
from .schema import Report
from .tables import introduction, sections, title

ANSWERS = ("sharp", "blurred")


def markdown(report: Report) -> str:
    """A comparison as Markdown tables."""
    lines = [f"# {_line(title(report))}", "", _line(introduction(report))]
    for section in sections(report):
        lines += ["", f"## {_line(section.title)}", "", _line(section.note), ""]
        rows = [[cell.text for cell in row] for row in section.rows]
        lines += _table([list(section.head), *rows])
    return "\n".join(lines) + "\n"


def html(report: Report, thumbnails: Mapping[str, bytes] | None = None) -> str:
    """A comparison as a page: tables that sort, curves, what each model gets most wrong.

    Args:
        report: Of ``evaluation.model_comparison.side_by_side``.
        thumbnails: By path, JPEG bytes of the photographs in ``worst``; of one that is not there
            the page has the name alone.

    Returns:
        Text that UTF-8 can hold. The page asks no other host for anything, and runs no script
        but its own.
    """
    return render(
        __package__,
        "models.html.j2",
        title=title(report),
        version=report["about"]["version"],
        introduction=introduction(report),
        sections=sections(report),
        compared=_markup(figures.compared(report)),
        fewest=figures.FEWEST,
        models=[_model(report, name) for name in report["models"]],
        answers=ANSWERS,
        thumbnails=thumbnails or {},
    )


def write_markdown(report: Report, path: Path) -> None:
    """``markdown`` as a file."""
    with replacing(path) as temporary:
        temporary.write_text(markdown(report), encoding="utf-8", errors="backslashreplace")


def write_html(report: Report, path: Path, thumbnails: Mapping[str, bytes] | None = None) -> None:
    """``html`` as a file."""
    with replacing(path) as temporary:
        temporary.write_text(html(report, thumbnails), encoding="utf-8")


def _table(rows: list[list[str]]) -> list[str]:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    cells = [[_line(text).replace("|", "\\|") for text in line] for line in lines]
    return [f"| {' | '.join(line)} |" for line in cells]


def _line(text: str) -> str:
    """Text for Markdown: one line, and no HTML."""
    return " ".join(text.replace("<", "&lt;").split())


def _model(report: Report, name: str) -> dict[str, Any]:
    """What the page shows of one model alone."""
    one = report["models"][name]
    settings = {key: one[key] for key in ("model", "parameters", "calibration", "thresholds")}
    return {
        "name": name,
        "settings": json.dumps(settings, indent=1, ensure_ascii=False),
        "charts": _markup(figures.own(report, name)),
        "worst": one["worst"],
    }


def _markup(drawings: Mapping[str, str]) -> list[Markup]:
    """SVG of ``figures``, which has escaped the names in it."""
    return [Markup(svg) for svg in drawings.values()]
