"""``blurdct video clip.mp4 --out frames.csv``: how sharp a clip is over time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ...errors import ConfigError
from ...utils.text import visible
from .. import output
from ..checks import check_out, command
from ..options import ALL_READ, SOME_UNREAD, Model
from ..tally import Tally


@command
def video(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="A video file.")],
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The table: .csv, .jsonl or .parquet."),
    ],
    every: Annotated[
        str, typer.Option(metavar="STEP", help="Look at a frame each 0.5s, 200ms, or 10f (frames).")
    ] = "0.5s",
    best: Annotated[
        int, typer.Option(min=0, metavar="N", help="Save the N sharpest frames, spread out.")
    ] = 0,
    to: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for these frames.")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw score over time.")
    ] = None,
    model: Model = None,
) -> None:
    """Score the frames of a clip over time; save the sharpest.

    A row per frame: time in seconds, frame number, probability, score, label, ...

    No two of the N saved frames are nearer than half of the N-th part of the clip.
    They are JPEG files named by clip and time; what is in DIR already stays.

    \b
    Examples:
      blurdct video clip.mp4 --out frames.csv
      blurdct video clip.mp4 --every 10f --out frames.csv --best 5 --to stills

    \b
    Exit status:
      0  the whole clip was read
      1  it cannot be read, or ends early: then what was read is in the table
      2  wrong use
    """
    from ...inference.detector import Detector
    from ...results import Row, form, read, write
    from ...utils.atomic import replacing
    from ...video.clip import Clip, step
    from ...video.frames import COLUMNS, save_frames, score, sharpest
    from ...video.plot import plot_scores

    if bool(best) != (to is not None):
        raise ConfigError("--best N --to DIR: both or neither")
    if plot and plot.suffix.lower() != ".svg":
        raise ConfigError(f"{plot}: expected a file ending in .svg")
    apart = step(every)
    form(out)
    if out.is_file() and "frame" not in next(read(out, ()), {"frame": 0}):
        raise ConfigError(f"{out}: exists, and is no table of a video")
    if to:
        check_out(to)
    detector = Detector.load(model)
    film = Clip(clip)
    light: list[Row] = []  # of each row, what the plot and the choice look at

    def rows() -> Iterator[Row]:
        for row in output.with_bar(score(film, detector, apart), film.expected(apart)):
            light.append({name: row[name] for name in ("time", "frame", "score", "label", "sure")})
            yield row

    write(out, rows(), COLUMNS)
    chosen = sharpest(light, best)
    if to:
        for path in save_frames(film, chosen, to):
            output.write(visible(str(path)))
        if len(chosen) < best:
            output.note(f"{clip}: only {len(chosen)} frames to save; a smaller --every finds more")
    if plot:
        text = plot_scores(light, detector.thresholds, Path(clip).name, chosen)
        with replacing(plot) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    tally = Tally()
    for row in light:
        tally.add(row)
    output.write(f"{visible(str(out))}: {len(light)} frames, {tally.counts()}")
    if film.cut:
        output.note(film.cut)
    raise typer.Exit(SOME_UNREAD if film.cut else ALL_READ)
