"""The summary of a collection -> one HTML page that needs nothing beside itself."""

import base64
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path

import numpy as np

from .._version import __version__
from ..inference.detector import UNKNOWN
from ..results import verdicts
from ..utils import html as page_style
from ..utils.atomic import replacing
from ..utils.html import head, text
from ..utils.progress import Progress, silent
from .pictures import Painter, Picture
from .style import CSS, SCRIPT
from .summary import GALLERY, KINDS, UNREAD, Pick, Summary, summarize
from .tables import errors, folders_table, labels, short, top_folders

LIMIT = 4_900_000  # bytes of a page, whatever is in it
MARKUP = 450  # bytes around a picture, at most

Pictures = Mapping[str, Picture]  # by path


def write_report(
    results: str,
    out: Path,
    gallery: int = GALLERY,
    painter: Painter | None = None,
    progress: Progress = silent,
    name: str = "",
) -> Summary:
    """The report of a file of results as a page of at most 4.9 MB.

    Args:
        results: What a scan wrote.
        out: The page; one that is there is replaced.
        gallery: How many photographs each gallery shall have.
        painter: What makes the pictures; with maps of the models that the rows name if left out.
        progress: Shown while pictures are made.
        name: What the page calls that file; its path if left out.

    Raises:
        ConfigError: A file that is not there or none of results.
    """
    painter, name = painter or Painter(), name or results
    summary = summarize(verdicts(results, ["label"]), gallery)
    shown = [*summary.worst, *summary.best, *summary.ladder]
    picks = {pick.path: pick for pick in shown}
    room = LIMIT - len(html(summary, name, {}, gallery).encode())
    budget = (room // max(1, len(shown)) - MARKUP) * 3 // 4  # base64 makes four bytes of three
    painted = painter.paint(picks.values(), budget)
    pictures = dict(progress(painted, len(picks), "Pictures"))
    with replacing(out) as temporary:
        temporary.write_text(html(summary, name, pictures, gallery), encoding="utf-8")
    return summary


def html(summary: Summary, source: str, pictures: Pictures, gallery: int) -> str:
    """The report of a collection as a page.

    Args:
        summary: Of ``report.summarize``.
        source: The file of results, as the user named it.
        pictures: Of its picks; one that is not there is shown without.
        gallery: How many doubtful photographs are shown at once.

    Returns:
        Text that UTF-8 can hold. The page asks no host for anything, and runs no script but its
        own.
    """
    numbers = count()
    made = {
        name: "\n".join(_photos(picks, pictures, numbers))
        for name, picks in (
            ("worst", summary.worst),
            ("doubtful", summary.ladder),
            ("best", summary.best),
        )
    }
    folders = top_folders(summary)
    data = {
        "counts": summary.counts.tolist(),
        "folders": [_sparse(summary.folder_counts[name]) for name in folders],
        "start": round(1000 * summary.thresholds.blurred),
        "gallery": gallery,
    }
    models, nothing = ", ".join(summary.models), "<p>None.</p>"
    title = f"Blur in {text(source)}"
    return f"""{head(title, CSS, SCRIPT, page_style.SCRIPT)}
<body>
<header>
<h1>{title}</h1>
<p>Scores run from 0 (sharp) to 100 (blurred). Judged by {text(models or "nothing")}.</p>
{_facts(summary)}
<nav aria-label="Contents">
<a href="#choice">Threshold</a>
<a href="#worst">Worst</a>
<a href="#doubtful">Doubtful</a>
<a href="#best">Best</a>
<a href="#labels">Labels</a>
<a href="#folders">Folders</a>
<a href="#errors">Errors</a>
</nav>
</header>
<main>
{_choice(summary, source)}
<section id="worst">
<h2>Worst</h2>
<p>The highest scores.{_hint(pictures)}</p>
{_maps(pictures)}
<div class="photos">
{made["worst"] or nothing}
</div>
</section>
<section id="doubtful">
<h2>Doubtful</h2>
<p>Next to the threshold, just dropped and just kept. Move the slider to see others; they are a
sample of all scores.</p>
<div class="photos">
{made["doubtful"] or nothing}
</div>
</section>
<section id="best">
<h2>Best</h2>
<p>The lowest scores.</p>
<div class="photos">
{made["best"] or nothing}
</div>
</section>
{labels(summary)}
{folders_table(summary, folders)}
{errors(summary)}
</main>
<footer>blurdct {__version__}</footer>
<script type="application/json" id="data">{json.dumps(data, separators=(",", ":"))}</script>
<script>{SCRIPT}</script>
<script>{page_style.SCRIPT}</script>
</body>
</html>
"""


def _facts(summary: Summary) -> str:
    size = summary.bytes / 1e9
    facts = {
        "photos": f"{summary.photos:,}",
        "size of the files": f"{size:,.1f} GB" if size >= 1 else f"{1000 * size:,.1f} MB",
        **{kind: f"{summary.kinds[kind]:,}" for kind in KINDS},
    }
    made = (f"<div><dt>{name}</dt><dd>{fact}</dd></div>" for name, fact in facts.items())
    return f'<dl class="facts">{"".join(made)}</dl>'


def _choice(summary: Summary, source: str) -> str:
    """Histogram and slider."""
    at = summary.thresholds
    limits = {"blurred from": at.blurred, "medium from": at.clear}
    buttons = "\n".join(
        f'<button type="button" data-choose="{round(1000 * p)}">{name} {100 * p:.1f}</button>'
        for name, p in limits.items()
    )
    lines = "".join(
        f'<line x1="{100 * p:.2f}" x2="{100 * p:.2f}" y1="0" y2="100"/>' for p in limits.values()
    )
    return f"""<section id="choice">
<h2>Threshold</h2>
<p>A photo of this score or more is dropped. Dashed: where the labels change.</p>
<noscript><p>Histogram and slider need JavaScript.</p></noscript>
<div class="tall"><span id="most"></span><label><input type="checkbox" id="log"> logarithmic
</label></div>
<svg id="bars" role="img" aria-label="Histogram of scores" viewBox="0 0 100 100"
preserveAspectRatio="none"><rect id="shade" class="shade" y="0" height="100"/><g id="columns"></g>
{lines}<line id="cut" class="cut" y1="0" y2="100"/></svg>
<input type="range" id="slider" min="0" max="100" step="0.1" aria-label="Threshold">
<div class="axis" aria-hidden="true"><span>0</span><span>25</span><span>50</span><span>75</span>
<span>100</span></div>
<div class="row">
<label>Threshold <input type="number" id="number" min="0" max="100" step="0.1"></label>
{buttons}
</div>
<output for="slider number"><b class="lost" id="dropped"></b> dropped (<span id="share"></span>),
<b class="stay" id="kept"></b> kept</output>
<p>{_left_alone(summary)}To act on it:</p>
<code>blurdct filter {text(_argument(source))} --threshold <span id="value"></span></code>
</section>"""


def _argument(path: str) -> str:
    """A path as a shell takes it, and no option, whatever it begins with."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def _left_alone(summary: Summary) -> str:
    parts = [f"{summary.kinds[kind]:,} {kind}" for kind in (UNKNOWN, UNREAD) if summary.kinds[kind]]
    return f"Neither kept nor dropped: {' and '.join(parts)}. " if parts else ""


def _photos(picks: Iterable[Pick], pictures: Pictures, numbers: Iterator[int]) -> Iterator[str]:
    for pick in picks:
        picture = pictures.get(pick.path, Picture())
        toggle = ""
        if picture.jpeg:
            width, height = picture.size
            size = f'width="{width}" height="{height}"'
            shot = f'<image class="shot" {size} href="{_data("jpeg", picture.jpeg)}"/>'
            if picture.map:
                key = f"map-{next(numbers)}"
                toggle = f'<input type="checkbox" id="{key}"><label for="{key}">map</label>'
                shot += (
                    f'<image class="map" {size} preserveAspectRatio="none" '
                    f'href="{_data("png", picture.map)}"/>'
                )
            shown = (
                f'<svg role="img" aria-label="photo" viewBox="0 0 {width} {height}">{shot}</svg>'
            )
        else:
            shown = f'<div class="none">{short(picture.remark or "no picture")}</div>'
        remark = f"<br>{short(picture.remark)}" if picture.jpeg and picture.remark else ""
        if pick.sharp_fraction is not None:
            remark += f"<br>{pick.sharp_fraction:.0%} of it sharp"
        yield (
            f'<figure data-step="{pick.step}">{toggle}{shown}<figcaption><b>{pick.score:.1f}</b> '
            f'{text(pick.label)} <span class="mark"></span>{remark}<br>'
            f"<bdi>{short(pick.path)}</bdi></figcaption></figure>"
        )


def _data(form: str, data: bytes) -> str:
    return f"data:image/{form};base64,{base64.b64encode(data).decode()}"


def _has_map(pictures: Pictures) -> bool:
    return any(picture.map for picture in pictures.values())


def _hint(pictures: Pictures) -> str:
    return " A map shows where a photo is blurred." if _has_map(pictures) else ""


def _maps(pictures: Pictures) -> str:
    if not _has_map(pictures):
        return ""
    return (
        '<div class="row"><label><input type="checkbox" id="maps"> all maps</label>'
        '<span class="scale">sharp <i></i> blurred</span></div>'
    )


def _sparse(counts: np.ndarray) -> list[int]:
    """Places and values of what is not zero, in turns."""
    (places,) = np.nonzero(counts)
    return np.stack([places, counts[places]], axis=1).ravel().tolist()
