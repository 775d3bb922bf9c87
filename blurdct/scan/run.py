"""A whole collection -> a file of results, streamed, resumable.

Photographs are listed, judged in processes, and their rows kept in a checkpoint beside the file of
results, which is written from it in the end. Memory holds a few batches, however many they are.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..config import ReadConfig
from ..errors import BlurdctError, ConfigError
from ..inference.facts import Facts
from ..inference.workers import in_worker
from ..parallel.cores import cores
from ..parallel.crash_safe_pool import crash_safe_map
from ..results import COLUMNS, UNREADABLE, Row, form, read, write
from ..utils.row_files import ESCAPED, escaped
from .checkpoint import Checkpoint
from .items import Item, batches
from .lost_places import LostPlaces
from .skipping import some
from .sources import lists_among, photographs
from .tables import as_kind, kinds_of
from .worker import CHUNK, Job, judge_each, prepare, row_of, setup_of

LONGEST = 1_000_000  # seconds


@dataclass
class Summary:
    """What a scan did.

    Attributes:
        photos: Rows in the file.
        labels: How many have each label; ``unreadable`` are those with an error.
        doubtful: How many of each label are not sure.
        kept: Rows that were taken over from before.
        dropped: Rows from before whose photographs are in the list no more.
        held: By place, rows from before that were kept although it cannot be searched now, or has
            become empty.
        seconds: What it took.
        skipped: What was passed over: how many for each reason; see ``skipping.told``. No rows.
        remarks: A line for each folder, archive and list with nothing in it.
    """

    photos: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    doubtful: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    dropped: int = 0
    held: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    skipped: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)


def scan(
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | None = None,
    size: int | None = None,
    threshold: float | None = None,
    max_fpr: float | None = None,
    max_pixels: int = ReadConfig.max_pixels,
    column: str | None = None,
    null: bool = False,
    exclude: Sequence[str] = (),
    workers: int | None = None,
    timeout: float | None = None,
    resume: bool = False,
    force: bool = False,
    escape: bool = False,
    watch: Callable[[int], object] = lambda done: None,
) -> Summary:
    """Judge all photographs of a collection, a row for each in the order of the list.

    Whatever ends it early, ``OUT.part`` holds the rows so far, and ``resume`` goes on from there.
    A photograph that is listed twice has one row.

    Args:
        sources: Folders, files, patterns, archives, lists, URLs; see ``photographs``.
        out: File of results; see ``results``.
        model: ``best``, ``fast``, a name out of ``inference.shipped()``, or a folder that training
            wrote; if left out, as for ``Detector.load``.
        size: Working size in pixels, instead of the one that the model was trained at.
        threshold: P from which on the label is ``blurred``, 0..1, instead of the bundle's.
        max_fpr: Instead of a threshold: the share of sharp photographs that may be called blurred;
            see ``inference.detector.threshold_for``.
        max_pixels: Photos of more pixels are refused.
        column: Of a table among the sources, the one with paths.
        null: The list on standard input is separated by null bytes.
        exclude: Patterns of what is passed over; see ``photographs``.
        workers: Processes; None for one per core.
        timeout: Seconds that a photo may take.
        resume: Go on with a scan that was ended early; or, if the file is complete, do what is new
            or has changed (bytes, time) since, and what could not be read.
        force: Begin anew, whatever is there.
        escape: In CSV, put an apostrophe before texts that a spreadsheet would take for formulas;
            ``results.read`` takes it off again.
        watch: Called with how many are done, now and then.

    Raises:
        ConfigError: Nothing to scan; a file that is there without ``resume`` or ``force``, that
            another scan is writing, or that another model wrote.
        ModelError: No such model, or a broken one.
        BlurdctError: The disk is full, or the like; the rows so far are safe.
    """
    begun = time.perf_counter()
    target = _checked(out, workers, timeout, resume, force)
    if escape and form(out) != ".csv":
        raise ConfigError(f"{out}: --escape is for CSV, which spreadsheets open")
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    named_here = [os.fspath(source) for source in sources]
    summary = Summary()
    skipped = summary.skipped
    lists = lists_among(named_here)
    places = LostPlaces()
    gone: list[str] = []

    def lost_place(place: str) -> None:
        gone.append(place) if place in lists else places.add(place)

    items = photographs(
        named_here,
        column,
        null,
        empty=summary.remarks.append,
        exclude=exclude,
        skipped=lambda why: skipped.update([why]),
        lost=lost_place,
    )
    setup, facts = setup_of(model, size, threshold, max_fpr, max_pixels)

    def lost(job: Job, reason: str) -> tuple[int, Row]:
        return job[0], row_of(job[1], facts, reason)

    checkpoint = Checkpoint(target.with_name(f"{target.name}.part"))
    try:
        _begin(checkpoint, target, facts, resume, force)
        if not resume:  # else rows from before may be all there is
            items = some(items, summary.remarks, skipped)
        jobs = _unknown(places.noted(items, lists), checkpoint, facts, summary, watch)
        few = batches(jobs, CHUNK, lambda job: job[1])
        how: Any = partial(in_worker, judge_each)  # a stream of answers
        given = (setup, facts)
        count = workers or cores()
        made = crash_safe_map(how, few, lost, count, timeout, prepare, given, stream=True)
        with closing(made) as rows:
            for number, row in rows:
                checkpoint.put(number, row)
                summary.photos += 1
                watch(summary.photos)
        if resume and places:
            checkpoint.hold(places.holds)
            summary.held = places.held
        checkpoint.commit()
        (summary.photos, summary.dropped), summary.kept = checkpoint.count(), checkpoint.kept
        if gone and resume and target.exists():  # nobody knows what it would have named
            why = "names nothing, or cannot be read to its end"
            raise BlurdctError(f"{gone[0]}: {why}; {target} stays as it was")
        if not summary.photos:
            some(iter(()), summary.remarks, skipped)
        try:
            columns = _columns(checkpoint)
            done = tallied(checkpoint.rows(), summary, columns)
            if escape:
                done, columns = escaped(done), {**columns, ESCAPED: str}
            write(target, done, columns)
        except ConfigError as error:  # not the user's fault by now
            raise BlurdctError(str(error)) from error
        checkpoint.remove()
    except BaseException:
        _leave(checkpoint)
        raise
    summary.seconds = time.perf_counter() - begun
    return summary


def _checked(
    out: str | os.PathLike[str],
    workers: int | None,
    timeout: float | None,
    resume: bool,
    force: bool,
) -> Path:
    """The file of results; refused is what cannot be done in the end."""
    form(out)
    target = Path(out)
    if os.path.isdir(target):
        raise ConfigError(f"{target}: a folder, not a file")
    if not target.parent.is_dir():
        raise ConfigError(f"{target}: no such folder as {target.parent}; make it first")
    check_numbers(workers, timeout, resume, force)
    return target


def check_numbers(workers: int | None, timeout: float | None, resume: bool, force: bool) -> None:
    """Refuse settings out of their range, and two that contradict each other."""
    if resume and force:
        raise ConfigError("--resume and --force: one or the other")
    if timeout is not None and not 0 < timeout <= LONGEST:
        raise ConfigError(
            f"timeout: expected over 0 and up to {LONGEST:,} seconds, got {timeout:g}"
        )
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: expected at least 1, got {workers}")


def _begin(checkpoint: Checkpoint, target: Path, facts: Facts, resume: bool, force: bool) -> None:
    """Have the checkpoint ready for a run, or say why there can be none."""
    former = checkpoint.facts if any(checkpoint.count()) else {}
    if force or not (former or target.exists()):
        checkpoint.begin(facts)
    elif former and not resume:
        raise ConfigError(f"{target}: unfinished; --resume goes on with it, --force begins anew")
    elif not resume:
        raise ConfigError(
            f"{target}: exists; --resume does new and changed photographs, --force all of them"
        )
    elif not former:
        checkpoint.begin(facts, _taken_over(target, facts))
    elif former["digest"] != facts["digest"]:
        raise _other(checkpoint.path, former, facts)
    checkpoint.next_run()


def _leave(checkpoint: Checkpoint) -> None:
    """Keep what was done, and no file of nothing."""
    try:
        checkpoint.commit()
        if any(checkpoint.count()):
            checkpoint.close()
        else:
            checkpoint.remove()
    except BlurdctError:  # the reason why this comes to an end, as a rule
        checkpoint.close()


def _taken_over(target: Path, facts: Facts) -> Iterator[Row]:
    """Rows of a complete file; what could not be read then is tried again."""
    for row in read(target, ("path", "bytes", "modified", "digest", "error")):
        if row["digest"] != facts["digest"]:
            raise _other(target, row, facts)
        if not row["error"]:
            yield {name: value for name, value in row.items() if isinstance(name, str)}


def _other(path: Path, former: Facts, facts: Facts) -> ConfigError:
    """What to say of rows that another model made."""
    names = (name for name in facts if name in former and former[name] != facts[name])
    name = next(names)
    what = f"{name} {former[name]}, not {facts[name]}"
    if name == "digest":
        what = f"another version, size or threshold of {facts['model']}"
    return ConfigError(f"{path}: made with {what}; --force begins anew, another --out keeps both")


def _unknown(
    items: Iterable[Item],
    checkpoint: Checkpoint,
    facts: Facts,
    summary: Summary,
    watch: Callable[[int], object],
) -> Iterator[Job]:
    """Photographs that are to be judged; what is known of the others goes to the checkpoint."""
    for number, item in enumerate(items):
        if item.error:
            checkpoint.put(number, row_of(item, facts, item.error))
        elif not checkpoint.keep(number, item.path, item.bytes, item.modified, item.more):
            yield number, item
            continue
        summary.photos += 1
        watch(summary.photos)


def _columns(checkpoint: Checkpoint) -> dict[str, type]:
    """Those of results, and behind them what tables that named photographs have beside paths."""
    return {**COLUMNS, **(kinds_of(checkpoint.rows()) if checkpoint.has_more else {})}


def tallied(rows: Iterable[Row], summary: Summary, columns: Mapping[str, type]) -> Iterator[Row]:
    """The same rows, counted in the summary; what tables told is of its column's kind."""
    more = columns.keys() - COLUMNS.keys()
    for row in rows:
        if more:
            row |= {name: as_kind(row.get(name), columns[name]) for name in more}
        summary.labels[row["label"] or UNREADABLE] += 1
        if row["label"] and not row["sure"]:
            summary.doubtful[row["label"]] += 1
        yield row
