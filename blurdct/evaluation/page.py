"""A comparison for people: Markdown, and one HTML page that needs nothing beside itself."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..utils.atomic import replacing
from ..utils.html import CSS, SCRIPT, head, table, text
from . import figures
from .schema import Report
from .tables import Cell, Section, introduction, sections, title

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
    name, made = title(report), sections(report)
    heads = [(f"table-{number}", section.title) for number, section in enumerate(made)]
    heads[1:1] = [("curves", "Curves")]
    links = "\n".join(f'<a href="#{key}">{text(one)}</a>' for key, one in heads)
    tables = [_html_table(section, f"table-{n}") for n, section in enumerate(made)]
    charts = "\n".join(f"<div>{svg}</div>" for svg in figures.compared(report).values())
    models = "\n".join(_html_model(report, one, thumbnails or {}) for one in report["models"])
    return f"""{head(text(name), CSS, SCRIPT)}
<body>
<header>
<h1>{text(name)}</h1>
<p>{text(introduction(report))}</p>
<nav aria-label="Contents">
{links}
<a href="#models">Each model</a>
</nav>
</header>
<main>
{tables[0]}
<section id="curves">
<h2>Curves</h2>
<p>Real photographs, first shuffle. In the reliability curve, bins of fewer than {figures.FEWEST}
photographs are left out.</p>
<div class="charts">
{charts}
</div>
</section>
{"".join(tables[1:])}
<section id="models">
<h2>Each model</h2>
<p>Its settings, what a cut-off gives, and the real photographs that it gets most wrong: on the
wrong side of .5 and farthest from their label, at most two of a scene.</p>
{models}
</section>
</main>
<footer>blurdct {text(report["about"]["version"])}</footer>
<script>{SCRIPT}</script>
</body>
</html>
"""


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


def _html_table(section: Section, key: str) -> str:
    heads = "".join(
        f'<th scope="col"{_kind(cell)}><button type="button">{text(head)}</button></th>'
        for head, cell in zip(section.head, section.rows[0], strict=True)
    )
    rows = "\n".join(
        f"<tr>{''.join(_html_cell(cell, not number) for number, cell in enumerate(row))}</tr>"
        for row in section.rows
    )
    return table(key, text(section.title), text(section.note), heads, rows) + "\n"


def _html_cell(cell: Cell, first: bool) -> str:
    value = "" if cell.value is None else text(cell.value)
    tag, scope = ("th", ' scope="row"') if first else ("td", "")
    return f'<{tag}{scope}{_kind(cell)} data-value="{value}">{text(cell.text)}</{tag}>'


def _kind(cell: Cell) -> str:
    return "" if isinstance(cell.value, str) else ' class="number"'


def _html_model(report: Report, name: str, thumbnails: Mapping[str, bytes]) -> str:
    one = report["models"][name]
    charts = "\n".join(f"<div>{svg}</div>" for svg in figures.own(report, name).values())
    settings = {key: one[key] for key in ("model", "parameters", "calibration", "thresholds")}
    gallery = "\n".join(_photos(one["worst"], thumbnails))
    opened = " open" if name == next(iter(report["models"])) else ""
    return f"""<details{opened}>
<summary>{text(name)}</summary>
<pre>{_text_lines(json.dumps(settings, indent=1, ensure_ascii=False))}</pre>
<div class="charts">
{charts}
</div>
<div class="photos">
{gallery or "<p>It gets none wrong.</p>"}
</div>
</details>"""


def _photos(worst: list[Report], thumbnails: Mapping[str, bytes]) -> Iterator[str]:
    for photo in worst:
        path, label = photo["path"], ANSWERS[photo["label"]]
        jpeg = thumbnails.get(path)
        picture = '<div class="none">no picture</div>'
        if jpeg:
            data = base64.b64encode(jpeg).decode()
            picture = f'<img alt="" src="data:image/jpeg;base64,{data}">'
        yield (
            f"<figure>{picture}<figcaption><b>labelled {label}</b>, P(blurred) {photo['p']:.2f}<br>"
            f"{text(photo['source'])}<br><bdi>{text(path)}</bdi></figcaption></figure>"
        )


def _text_lines(lines: str) -> str:
    return "\n".join(text(line) for line in lines.split("\n"))
