"""``blurdct best RESULTS``: the sharpest of each burst, or of photographs that look the same."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ...errors import ConfigError, ImageError
from .. import output
from ..acting import DryRun, Null, To, check_use, follow, journal_in, print_paths
from ..checks import command
from ..options import ALL_READ, MANY, SOME_UNREAD, AsCsv, AsJson, Escape, Results, form_of, note

if TYPE_CHECKING:
    from ...curate.ranking import Candidate, Place

COLUMNS = ("group", "rank", "path", "score")


@command
def best(
    results: Results,
    by: Annotated[
        Literal["burst", "duplicate"],
        typer.Option(help="By capture time, or by what the photos show."),
    ],
    gap: Annotated[
        str,
        typer.Option(metavar="TIME", help="Of a burst: at most, from one photo to the next."),
    ] = "2s",
    distance: Annotated[
        int | None,
        typer.Option(min=0, max=11, metavar="BITS", help="Of duplicates: of 64 bits that differ."),
    ] = None,
    keep: Annotated[int, typer.Option(min=1, metavar="N", help="Photos to keep of a group.")] = 1,
    rest: Annotated[
        bool, typer.Option("--rest", help="List, copy, move or link the others instead.")
    ] = False,
    action: Annotated[
        Literal["list", "copy", "move", "link"], typer.Option(help="What to do with them.")
    ] = "list",
    to: To = None,
    dry_run: DryRun = False,
    null: Null = False,
    as_csv: AsCsv = False,
    escape: Escape = False,
    as_json: AsJson = False,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes that look for duplicates.")
    ] = None,
) -> None:
    """Group photos of a burst, or that look the same; pick the sharpest of each.

    A photo that is alone is the sharpest of its group. Groups are ranked by P, and
    where that is equal by size. Photos whose label is unknown and those that could
    not be read are left out.

    \b
    burst      photos of one camera by EXIF time, with its fraction of a second
               and its zone, at most --gap after the one before. Without a
               time: alone.
    duplicate  photos whose perceptual hashes of 64 bits differ in few, 6 if not
               said, in chains: resized, compressed, blurred, or of the same
               scene. Needs the extra named scan.

    --csv and --json tell of all photos: group, rank, path, score. All of them are
    held in memory, some hundred bytes each.

    \b
    Examples:
      blurdct best results.parquet --by burst --gap 2s --action copy --to best
      blurdct best results.parquet --by burst --rest --action move --to others
      blurdct best results.parquet --by duplicate --csv > groups.csv

    \b
    Exit status:
      0  done
      1  some photos were left alone; standard error says which and why
      2  wrong use
    """
    from ...curate import actions, ranking, selection
    from ...results import verdicts
    from ...utils import durations

    form = form_of(as_json, as_csv)
    if form and (action != "list" or null or rest):
        raise ConfigError(f"--{form} tells of all photos: leave out --action, --null and --rest")
    if distance is not None and by == "burst":
        raise ConfigError("--distance is for --by duplicate")
    check_use(action, to, null)
    longest = durations.seconds(gap)
    found = selection.survey(verdicts(results))
    if to:
        actions.check_target(to, found.root)
    photos = list(ranking.candidates(verdicts(results)))
    if out := sum(found.labels.values()) - len(photos):
        note(f"without a verdict, and left out: {out:,} of the photographs")
    places, status = _places(photos, by, longest, distance, workers)
    if form:
        printer = output.printer(form, COLUMNS, escape)
        for place in places:
            row = place.row
            printer({name: row[name] for name in COLUMNS})
        raise typer.Exit(status)
    groups = places[-1].group if places else 0
    chosen = [place for place in places if (place.rank > keep) == rest]
    note(f"{len(places):,} photographs in {groups:,} groups: {len(chosen):,} picked")
    rows = (place.row for place in chosen)
    if action == "list":
        print_paths((row["path"] for row in rows), null)
        raise typer.Exit(status)
    assert to
    with journal_in(to, action, dry_run) as journal:
        steps = actions.carry(rows, action, to, found.root, journal)
        status = max(status, follow(steps, action, dry_run, journal))
    raise typer.Exit(status)


def _places(
    photos: "list[Candidate]", by: str, gap: float, distance: int | None, workers: int | None
) -> "tuple[list[Place], int]":
    """Groups of those photographs that can be looked at, and the exit status."""
    from ...curate import bursts, near_duplicates, ranking
    from ...parallel.pool import ordered_map

    look = bursts.moment if by == "burst" else near_duplicates.perceptual_hash
    if by == "burst" or len(photos) < MANY:
        workers = 1
    answers = ordered_map(partial(_look, look), [photo.path for photo in photos], workers)
    kept, seen, status = [], [], ALL_READ
    for photo, answer in zip(photos, output.with_bar(answers, len(photos)), strict=True):
        if isinstance(answer, ImageError):
            output.note(str(answer))
            status = SOME_UNREAD
        else:
            kept.append(photo)
            seen.append(answer)
    if by == "burst":
        if alone := seen.count(None):
            note(f"without a capture time, and each by itself: {alone:,} photographs")
        labels = bursts.group_bursts(seen, gap)
    else:
        labels = near_duplicates.group_duplicates(
            seen, near_duplicates.DISTANCE if distance is None else distance
        )
    return list(ranking.ranked(kept, labels)), status


def _look(function: Any, path: str) -> Any:
    try:
        return function(path)
    except ImageError as error:
        return error
