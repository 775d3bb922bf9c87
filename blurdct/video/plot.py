"""The scores of a clip over time -> a plot as SVG, light or dark as its reader is."""

from collections.abc import Sequence
from html import escape

from ..inference.prediction import UNKNOWN
from ..inference.thresholds import Thresholds
from ..results import Row

WIDTH, HEIGHT = 960, 280  # of the whole, in units of SVG
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 34, 40  # margins
POINTS = 2000  # at most; of more, the lowest and highest of each stretch are drawn
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)  # seconds
STYLE = """
svg { background: #fff; color: #1b1d21; font: 12px system-ui, sans-serif; }
text { fill: currentColor; } .soft { fill: #5b616b; } .grid { stroke: #d9dce1; }
.limit { stroke: #5b616b; stroke-dasharray: 4 4; }
.line { fill: none; stroke: #1477d4; stroke-width: 1.5; stroke-linejoin: round; }
.best { fill: #14784a; }
@media (prefers-color-scheme: dark) {
svg { background: #14161a; color: #e4e6ea; } .soft { fill: #a2a8b3; } .grid { stroke: #363b44; }
.limit { stroke: #a2a8b3; } .line { stroke: #5aa9f0; } .best { fill: #4ade80; } }
"""


def plot_scores(
    rows: Sequence[Row], thresholds: Thresholds, title: str, best: Sequence[Row] = ()
) -> str:
    """Score over time.

    Args:
        rows: With ``time`` (seconds, rising), ``score`` and ``label``; at least one. The line has
            a gap where frames show nothing that could be sharp or blurred.
        thresholds: Of the verdicts, drawn across.
        title: What was judged.
        best: Rows that get a mark.

    Returns:
        A whole SVG file.
    """
    first = rows[0]["time"]
    span = max(rows[-1]["time"] - first, 1e-3)
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(time: float) -> float:
        return LEFT + wide * (time - first) / span

    def y(value: float) -> float:
        return TOP + high * (1 - value / 100)

    parts = []
    for value in range(0, 101, 25):
        parts.append(f'<path class="grid" d="M{LEFT} {y(value):.1f}h{wide}"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value}</text>'
        )
    tick = next((step for step in TICKS if span / step <= 10), span / 10)
    for number in range(int(span / tick) + 1):
        at = first + number * tick
        parts.append(
            f'<text x="{x(at):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
            f"{_clock(at, tick)}</text>"
        )
    for p in {thresholds.sure_sharp, thresholds.decision, thresholds.sure_blurred}:
        parts.append(f'<path class="limit" d="M{LEFT} {y(100 * p):.1f}h{wide}"/>')
    for run in _runs(rows):
        points = [f"{x(row['time']):.1f} {y(row['score']):.1f}" for row in _fewer(run)]
        if len(points) == 1:
            parts.append(f'<path class="line" d="M{points[0]}h1"/>')
        else:
            parts.append(f'<path class="line" d="M{"L".join(points)}"/>')
    for row in best:
        told = f"{_clock(row['time'], 0.1)}: {row['score']:.1f}"
        parts.append(
            f'<circle class="best" cx="{x(row["time"]):.1f}" cy="{y(row["score"]):.1f}" r="4">'
            f"<title>{told}</title></circle>"
        )
    clean = "".join(c if c.isprintable() else " " for c in title)
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">
<style>{STYLE}</style>
<title>Score of {escape(clean)} over time</title>
<text x="{LEFT}" y="20">{escape(clean)}: score over time, 0 sharp to 100 blurred</text>
{body}
<text class="soft" x="{LEFT + wide / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">time</text>
</svg>
"""


def _clock(time: float, tick: float) -> str:
    """Seconds as a clock shows them, rounded as a whole: 0:12.5, 1:05, 2:00:00."""
    if tick < 1:
        minutes, tenths = divmod(round(10 * round(time, 1)), 600)
        shown = f"{tenths / 10:04.1f}"
    else:
        minutes, seconds = divmod(int(time + 0.5), 60)
        shown = f"{seconds:02}"
    if minutes >= 60:
        return f"{minutes // 60}:{minutes % 60:02}:{shown}"
    return f"{minutes}:{shown}"


def _runs(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows with evidence that follow each other."""
    runs: list[list[Row]] = [[]]
    for row in rows:
        if row["label"] == UNKNOWN:
            runs.append([])
        else:
            runs[-1].append(row)
    return [run for run in runs if run]


def _fewer(run: list[Row]) -> list[Row]:
    """At most so many rows that all can be told apart, with every peak."""
    if len(run) <= POINTS:
        return run
    stretch = -(-2 * len(run) // POINTS)
    kept: list[Row] = []
    for start in range(0, len(run), stretch):
        some = run[start : start + stretch]
        ends = (find(some, key=lambda row: row["score"]) for find in (min, max))
        kept += sorted(ends, key=lambda row: row["time"])
    return kept
