"""``blurdct scan SOURCE... --out FILE``: a row of results for each photograph of a collection."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ...config import ReadConfig
from ...errors import BlurdctError, ConfigError
from ...results import UNREADABLE
from ...utils.text import counted
from ..checks import command
from ..options import (
    ALL_READ,
    SOME_UNREAD,
    AllowedFpr,
    AllowHost,
    Column,
    EachCore,
    Escape,
    Exclude,
    MaxPixels,
    Model,
    Null,
    Quiet,
    Size,
    Sources,
    Threshold,
    note,
    one_threshold,
)
from ..tally import Tally

if TYPE_CHECKING:
    from ...scan.run import Summary

Engine = Literal["local", "ray"]

INTERRUPTED, TERMINATED = 130, 143  # exit status
STEP = 0.2  # seconds between two looks of the bar


@command
def scan(
    sources: Sources,
    out: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Where to: .parquet, .csv or .jsonl, by its ending; with --engine ray a folder of "
            "Parquet parts, or its URL.",
        ),
    ],
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with an interrupted scan; or do what is new or has changed since a "
            "complete one, and what could not be read. What the sources no longer have is dropped; "
            "what lay in folders and archives that cannot be searched now, or are empty, is kept.",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Begin anew, and replace what is there.")
    ] = False,
    escape: Escape = False,
    column: Column = None,
    null: Null = False,
    exclude: Exclude = None,
    allow_host: AllowHost = None,
    threshold: Threshold = None,
    max_fpr: AllowedFpr = None,
    model: Model = None,
    size: Size = None,
    workers: EachCore = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=1_000_000, metavar="SECONDS", help="Give a photo up that takes longer."
        ),
    ] = None,
    max_pixels: MaxPixels = ReadConfig.max_pixels,
    engine: Annotated[
        Engine, typer.Option(help="Who does the work: processes here, or a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            metavar="auto|HOST:PORT",
            help="Of a Ray cluster that this machine is part of; else one starts here, for as long "
            "as the scan takes.",
        ),
    ] = None,
    gpus: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Ray: N workers with a GPU each, for models that have a use for it.",
        ),
    ] = 0,
    quiet: Quiet = False,
) -> None:
    """Judge a whole collection: a table with a row for each photo, in their order.

    A photo that cannot be read has a row that says why. Whatever ends a scan
    early, FILE.part keeps what was done, and --resume goes on from there.

    \b
    Examples:
      blurdct scan photos/ --out results.parquet
      blurdct scan photos/ --out results.parquet --resume
      find . -name '*.jpg' -print0 | blurdct scan -0 - --out results.csv
      blurdct scan s3://photos/2026 --engine ray --address auto --out s3://results/2026

    \b
    Exit status:
      0    every photo was read
      1    some could not be read, a place that had photos is empty, or the disk is full
      2    wrong use
      130  stopped by Ctrl-C (143: by SIGTERM)
    """
    one_threshold(threshold, max_fpr)
    scan_by = _scanner(engine, escape, address, gpus)
    bar = _Bar(quiet)
    try:
        with _signals(), bar.shown(sources, column, null, exclude or ()):
            summary = scan_by(
                sources,
                out,
                model=model,
                size=size,
                threshold=threshold,
                max_fpr=max_fpr,
                max_pixels=max_pixels,
                column=column,
                null=null,
                exclude=exclude or (),
                workers=workers,
                timeout=timeout,
                resume=resume,
                force=force,
                watch=bar,
            )
    except KeyboardInterrupt as stop:
        are = "is" if bar.done == 1 else "are"
        what = f"{counted(bar.done, 'photo')} {are} done; --resume goes on with the rest"
        note(f"stopped; {what if bar.done else 'nothing was done yet'}")
        raise typer.Exit(TERMINATED if stop.args else INTERRUPTED) from None
    except BlurdctError as error:
        if not bar.done:
            raise
        raise BlurdctError(
            f"{error}; what is done is safe: --resume goes on with the rest"
        ) from error
    for line in [] if quiet else summary.remarks:
        note(line)
    if not quiet:
        note(f"{out}: {_told(summary)}{_where(summary)}")
    if summary.held:
        from ...scan.lost_places import told

        note(told(summary.held))
    whole = not summary.held and not summary.labels[UNREADABLE]
    raise typer.Exit(ALL_READ if whole else SOME_UNREAD)


def _scanner(
    engine: Engine, escape: bool, address: str | None, gpus: int
) -> "Callable[..., Summary]":
    """What scans, and options of its own."""
    if engine == "ray":
        from ...scan.cluster.engine import scan_on_ray

        if escape:
            raise ConfigError("--escape is for CSV, which --engine ray does not write")
        return partial(scan_on_ray, address=address, gpus=gpus)
    for name, given in {"--address": address, "--gpus": gpus}.items():
        if given:
            raise ConfigError(f"{name} is for --engine ray")
    from ...scan.run import scan

    return lambda sources, out, **settings: scan(sources, Path(out), escape=escape, **settings)


def _told(summary: "Summary") -> str:
    """Counts and speed in one line."""
    from ...scan.skipping import told

    seconds = max(summary.seconds, 1e-3)
    done = summary.photos - summary.kept
    parts = [Tally(summary.labels, summary.doubtful).line(seconds)]
    parts[0] += f", {done / seconds:,.0f} a second"
    if summary.kept:
        parts.append(f"{summary.kept:,} were done before")
    if summary.dropped:
        parts.append(f"{summary.dropped:,} are not in this list and were dropped")
    if summary.skipped:
        parts.append(told(summary.skipped))
    return "; ".join(parts)


def _where(summary: "Summary") -> str:
    """Where reasons stand, for what the counts say there is."""
    columns = {UNREADABLE: "error", "unknown": "reason"}
    some = {name: column for name, column in columns.items() if summary.labels[name]}
    told = (f"column {column} for the {name}" for name, column in some.items())
    return f"; why: {', '.join(told)}" if some else ""


class _Bar:
    """How many photos are done; with rate and time left, where someone looks.

    Attributes:
        done: How many.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.done = 0
        self._quiet = quiet
        self._progress: Any = None
        self._looked = 0.0

    def __call__(self, done: int) -> None:
        self.done = done
        if self._progress and time.monotonic() - self._looked > STEP:
            self._looked = time.monotonic()
            speed = self._progress.tasks[0].speed
            rate = f"{speed:,.0f} a second" if speed else ""
            self._progress.update(0, completed=done, rate=rate)

    @contextmanager
    def shown(self, *listed: Any) -> Iterator[None]:
        """A bar meanwhile, if standard error is a terminal.

        Args:
            listed: What ``scan.photographs`` is told.
        """
        if self._quiet or sys.stderr is None or not sys.stderr.isatty():
            yield
            return
        from rich import progress as rich
        from rich.console import Console

        columns = (
            rich.BarColumn(),
            rich.MofNCompleteColumn(),
            rich.TextColumn("{task.fields[rate]}"),
            rich.TimeRemainingColumn(),
        )
        console = Console(stderr=True)
        with rich.Progress("Scanning", *columns, console=console, transient=True) as self._progress:
            self._progress.add_task("", total=None, rate="")
            # daemon: nobody waits for it
            threading.Thread(target=self._count, args=listed, daemon=True).start()
            yield

    def _count(
        self, sources: Sequence[str], column: str | None, null: bool, exclude: Sequence[str] = ()
    ) -> None:
        """Find out how many there are, where listing them twice is possible and cheap."""
        from ...scan.archives import is_archive
        from ...scan.path_lists import STDIN
        from ...scan.remote import is_url
        from ...scan.sources import photographs

        if any(name == STDIN or is_url(name) or is_archive(name) for name in sources):
            return
        with suppress(BlurdctError):  # it will be told by the scan
            total = sum(1 for _ in photographs(sources, column, null, exclude=exclude))
            self._progress.update(0, total=total)


@contextmanager
def _signals() -> Iterator[None]:
    """What asks this process to end does so as Ctrl-C does."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt(number)

    names = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.getsignal(name) for name in names}
    changed = {name: old for name, old in before.items() if old == signal.SIG_DFL}  # nohup ignores
    try:
        for name in changed:
            signal.signal(name, stop)
        yield
    finally:
        for name, old in changed.items():
            signal.signal(name, old)
