"""Counts of a collection -> HTML tables that sort, by label, folder and reason of an error."""

from collections.abc import Iterable

from ..inference.detector import LABELS, UNKNOWN
from ..utils.html import table, text
from .summary import KINDS, SHOWN_ERRORS, UNREAD, Summary

SHOWN_FOLDERS = 200
LONGEST = 400  # letters of a name or an error that are shown


def short(name: str) -> str:
    """A name for HTML, its end alone if it is very long."""
    return text(name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}")


def labels(summary: Summary) -> str:
    at = summary.thresholds
    first, second = (f"{100 * p:.1f}" for p in (at.clear, at.blurred))
    meaning = {
        LABELS[0]: f"below {first}",
        LABELS[1]: f"{first} to {second}",
        LABELS[2]: f"{second} or more",
        UNKNOWN: "shows nothing that could be sharp or blurred",
        UNREAD: "see the errors",
    }
    rows = []
    for kind in KINDS:
        part = summary.kinds[kind]
        share = part / max(1, summary.photos)
        rows.append((kind, (part, f"{part:,}"), (share, f"{share:.1%}"), meaning[kind]))
    body = [f"<tr>{_cells(row)}</tr>" for row in rows]
    return _table("labels", "Labels", "", ("label", "photos", "share", "score"), body, (1, 2))


def top_folders(summary: Summary) -> list[str]:
    """The folders that are shown: those with the most blurred photographs."""
    kinds = summary.folders

    def order(name: str) -> tuple[int, int, str]:
        return -kinds[name][LABELS[2]], -sum(kinds[name].values()), name

    return sorted(kinds, key=order)[:SHOWN_FOLDERS]


def folders_table(summary: Summary, folders: list[str]) -> str:
    note = "What the threshold drops in each."
    if len(folders) < len(summary.folders):
        note += f" The {len(folders)} of {len(summary.folders):,} with the most blurred photos."
    body = []
    for number, name in enumerate(folders):
        kinds = summary.folders[name]
        counts = [(kinds[kind], f"{kinds[kind]:,}") for kind in KINDS]
        photos = sum(kinds.values())
        cells = _cells((name, (photos, f"{photos:,}"), (0, ""), (0, ""), *counts))
        body.append(f'<tr data-folder="{number}">{cells}</tr>')
    head = ("folder", "photos", "dropped", "share", *KINDS)
    return _table("folders", "Folders", note, head, body, range(1, len(head)))


def errors(summary: Summary) -> str:
    if not summary.errors:
        return '<section id="errors"><h2>Errors</h2><p>None.</p></section>'
    body = [f"<tr>{_cells((why, (n, f'{n:,}')))}</tr>" for why, n in summary.errors.most_common()]
    table = _table("errors", "Errors", "", ("reason", "photos"), body, (1,))
    some = "\n".join(
        f"<li><bdi>{short(path)}</bdi>: {short(error)}</li>" for path, error in summary.error_rows
    )
    which = "All of them" if summary.kinds[UNREAD] <= SHOWN_ERRORS else f"The first {SHOWN_ERRORS}"
    listed = f"<details><summary>{which}</summary><ul>\n{some}\n</ul></details>"
    return table.removesuffix("</section>") + listed + "</section>"


def _table(
    key: str, title: str, note: str, head: Iterable[str], body: list[str], numbers: Iterable[int]
) -> str:
    numeric = set(numbers)
    heads = "".join(
        f'<th scope="col"{_number(n in numeric)}><button type="button">{name}</button></th>'
        for n, name in enumerate(head)
    )
    rows = "\n".join(body)
    return table(key, title, note, heads, rows)


def _cells(row: Iterable[str | tuple[float, str]]) -> str:
    """Texts, and numbers with what they look like; the first is the row's heading."""
    made = []
    for n, cell in enumerate(row):
        value, shown = (text(cell), short(cell)) if isinstance(cell, str) else cell
        tag, scope = ("td", "") if n else ("th", ' scope="row"')
        number = _number(not isinstance(cell, str))
        made.append(f'<{tag}{scope}{number} data-value="{value}">{shown}</{tag}>')
    return "".join(made)


def _number(numeric: bool) -> str:
    return ' class="number"' if numeric else ""
