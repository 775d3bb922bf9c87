"""``blurdct video clip.mp4 --out frames.csv``: how sharp a clip is over time."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import ConfigError
from ...utils.text import visible
from .. import output
from ..checks import check_file, check_out, command
from ..options import ALL_READ, SOME_UNREAD, Model
from ..tally import Tally
from ..usage import of_option

if TYPE_CHECKING:
    from ...results import Row

LIGHT = ("time", "frame", "score", "label", "sure", "fault")  # what is kept of a row until the end


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
    only_sharp: Annotated[
        bool, typer.Option("--only-sharp", help="Save no frame that is labelled blurred.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a table and a plot that are there.")
    ] = False,
    model: Model = None,
) -> None:
    """Score the frames of a clip over time; save the sharpest.

    A row per frame: time in seconds, frame number, probability, score, label, ...

    No two of the N saved frames are nearer than half of the N-th part of the clip.
    They are JPEG files named by clip and time; what is in DIR already stays. A frame
    that is damaged, or that nothing near it resembles, is not among them.

    Reads MP4, MOV, Matroska, WebM, AVI, MPEG, DV, MXF and more, interlaced or not;
    needs the extra named video.

    \b
    Examples:
      blurdct video clip.mp4 --out frames.csv
      blurdct video clip.mp4 --every 10f --out frames.csv --best 5 --to stills

    \b
    Exit status:
      0  the whole clip was read
      1  it cannot be read, ends early or is damaged: what was read is in the table
      2  wrong use; a file that is there, without --force
    """
    from ...inference.detector import Detector
    from ...results import form, read, write
    from ...utils.atomic import replacing
    from ...video.clip import Clip, step
    from ...video.frames import COLUMNS, save_frames, score, sharpest
    from ...video.plot import plot_scores

    if bool(best) != (to is not None):
        raise ConfigError("--best N --to DIR: both or neither")
    if plot and plot.suffix.lower() != ".svg":
        raise ConfigError(f"{plot}: expected a file ending in .svg")
    if only_sharp and not best:
        raise ConfigError("--only-sharp is about the frames that --best N --to DIR saves")
    apart = of_option("--every", step, every)
    form(out)
    for file in (out, plot):
        if file:
            check_file(file, force)
    if out.is_file() and "frame" not in next(read(out, ()), {"frame": 0}):
        raise ConfigError(f"{out}: exists, and is no table of a video")
    if to:
        check_out(to)
    detector = Detector.load(model)
    film = Clip(clip)
    light: list[Row] = []  # of each row, what the plot and the choice look at

    def rows() -> "Iterator[Row]":
        for row in output.with_bar(score(film, detector, apart), film.expected(apart)):
            light.append({name: row[name] for name in LIGHT})
            yield row

    write(out, rows(), COLUMNS)
    chosen = sharpest(light, best, only_sharp)
    if to:
        for path in save_frames(film, chosen, to):
            output.write(visible(str(path)))
        _remark(clip, chosen, best, only_sharp)
    if plot:
        text = plot_scores(light, detector.thresholds, Path(clip).name, chosen)
        with replacing(plot, make_folder=False) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    tally = Tally()
    for row in light:
        tally.add(row)
    output.write(f"{visible(str(out))}: {len(light)} frames, {tally.counts()}")
    faults = Counter(row["fault"] for row in light if row["fault"])
    if faults and best:
        told = "; ".join(f"{fault}: {count}" for fault, count in faults.items())
        output.note(f"{clip}: frames that are never among the best ({told})")
    for line in filter(None, (film.cut, film.damage)):
        output.note(line)
    raise typer.Exit(SOME_UNREAD if film.cut or film.damage else ALL_READ)


def _remark(clip: str, chosen: "list[Row]", best: int, only_sharp: bool) -> None:
    """What is to be said of saved frames: that they are few, or blurred."""
    from ...video.frames import BLURRED

    blurred = sum(row["label"] == BLURRED for row in chosen)
    if not chosen:
        output.note(
            f"{clip}: no {'sharp frame' if only_sharp else 'frame that can be judged'} to save"
        )
    elif blurred:
        be = "is" if blurred == 1 else "are"
        whole = "no frame is sharp; " if blurred == len(chosen) else ""
        output.note(f"{clip}: {whole}{blurred} of {len(chosen)} saved frames {be} blurred")
    if 0 < len(chosen) < best:
        some = ("sharp " if only_sharp else "") + ("frame" if len(chosen) == 1 else "frames")
        output.note(f"{clip}: only {len(chosen)} {some} to save; a smaller --every finds more")
