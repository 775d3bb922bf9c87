"""``blurdct best RESULTS``: the sharpest of each burst, or of photographs that look the same."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ...errors import ConfigError, ImageError
from ...utils.text import counted
from .. import output
from ..acting import DryRun, Null, To, check_use, follow, journal_in, print_paths
from ..checks import command
from ..options import ALL_READ, MANY, SOME_UNREAD, AsCsv, AsJson, Escape, Results, form_of, note
from ..usage import of_option

if TYPE_CHECKING:
    from ...curate.ranking import Candidate, Look, Place
    from ...curate.selection import Survey

GAP = "2s"
COLUMNS = ("group", "rank", "path", "score", "compared", "blurred")


@command
def best(
    results: Results,
    by: Annotated[
        Literal["burst", "duplicate"],
        typer.Option(help="By capture time, or by what the photos show."),
    ],
    gap: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help=f"Of a burst: at most, from one photo to the next; {GAP}."
        ),
    ] = None,
    distance: Annotated[
        int | None,
        typer.Option(min=0, max=11, metavar="BITS", help="Of duplicates: of 64 bits that differ."),
    ] = None,
    keep: Annotated[int, typer.Option(min=1, metavar="N", help="Photos to keep of a group.")] = 1,
    rest: Annotated[
        bool, typer.Option("--rest", help="List, copy, move or link the others instead.")
    ] = False,
    only_sharp: Annotated[
        bool, typer.Option("--only-sharp", help="Keep none that is labelled blurred.")
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
    not be read are left out. Where all of a group are blurred, its best is, too: a
    line on standard error counts such groups, and --only-sharp keeps none of them;
    with --rest they are among the others.

    Photos of one group that differ in size are judged anew, all at the size of the
    smallest, as a small copy hides blur. Of copies of one picture the one with
    most pixels is kept, and the others are ranked last.

    \b
    burst      photos of one camera by EXIF time, with its fraction of a second
               and its zone, at most --gap after the one before. Without a
               time: alone; of files without EXIF the time in XMP counts.
    duplicate  photos whose perceptual hashes of 64 bits differ in few, 6 if not
               said, in chains: resized, compressed, blurred, or of the same
               scene. Needs the extra named scan.

    --csv and --json tell of all photos: group, rank, path, score; compared, the
    score by which it is ranked; whether it is labelled blurred. All of them are held
    in memory, some hundred bytes each.

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
    others = {"--action": action != "list", "--null": null, "--rest": rest}
    if form and (named := [name for name, asked in others.items() if asked]):
        raise ConfigError(f"--{form} tells of all photos: leave out {' and '.join(named)}")
    if distance is not None and by == "burst":
        raise ConfigError("--distance is for --by duplicate")
    if gap is not None and by == "duplicate":
        raise ConfigError("--gap is for --by burst")
    check_use(action, to, null)
    longest = of_option("--gap", durations.seconds, gap or GAP)
    found = selection.survey(verdicts(results))
    if to:
        actions.check_target(to, found.root)
    photos = list(ranking.candidates(verdicts(results)))
    if out := sum(found.labels.values()) - len(photos):
        note(f"without a verdict, and left out: {out:,} of the photographs")
    labels, photos, status = _grouped(photos, by, longest, distance, workers)
    looks, unread = _looks(photos, labels, found, workers)
    places, status = list(ranking.ranked(photos, labels, looks)), max(status, unread)
    if form:
        printer = output.printer(form, COLUMNS, escape)
        for place in places:
            row = place.row
            printer({name: row[name] for name in COLUMNS})
        raise typer.Exit(status)
    groups = places[-1].group if places else 0

    def is_kept(place: "Place") -> bool:
        return place.rank <= keep and not (only_sharp and place.photo.blurred)

    chosen = [place for place in places if is_kept(place) != rest]
    counts = f"{counted(len(places), 'photograph')} in {counted(groups, 'group')}"
    note(f"{counts}: {len(chosen):,} picked")
    if none := sum(place.rank == 1 and not place.sharp for place in places):
        more = "" if only_sharp else ", and so is the best of each (--only-sharp keeps none)"
        note(f"groups in which every photo is blurred: {none:,} of {groups:,}{more}")
    rows = (place.row for place in chosen)
    if action == "list":
        print_paths((row["path"] for row in rows), null)
        raise typer.Exit(status)
    assert to
    with journal_in(to, action, dry_run) as journal:
        steps = actions.carry(rows, action, to, found.root, journal)
        status = max(status, follow(steps, action, dry_run, journal))
    raise typer.Exit(status)


def _grouped(
    photos: "list[Candidate]",
    by: str,
    gap: float,
    distance: int | None,
    workers: int | None,
) -> "tuple[Any, list[Candidate], int]":
    """Numbers of groups, the photographs that can be looked at, and the exit status."""
    from ...curate import bursts, near_duplicates
    from ...inference.workers import given_up
    from ...parallel.pool import ordered_map

    look = bursts.moment if by == "burst" else near_duplicates.perceptual_hash
    if by == "burst" or len(photos) < MANY:
        workers = 1
    paths = [photo.path for photo in photos]
    answers = ordered_map(partial(_look, look), paths, workers, lost=given_up)
    kept, seen, status = [], [], ALL_READ
    for photo, answer in zip(photos, output.with_bar(answers, len(photos)), strict=True):
        if isinstance(answer, ImageError):
            output.note(str(answer))
            status = SOME_UNREAD
        if isinstance(answer, bursts.UnreadableTimeError):
            answer = None  # the photo itself was judged: it is by itself
        if not isinstance(answer, ImageError):
            kept.append(photo)
            seen.append(answer)
    if by == "burst":
        if alone := seen.count(None):
            note(f"without a capture time, and each by itself: {counted(alone, 'photograph')}")
        return bursts.group_bursts(seen, gap), kept, status
    most = near_duplicates.DISTANCE if distance is None else distance
    return near_duplicates.group_duplicates(seen, most), kept, status


def _looks(
    photos: "list[Candidate]", labels: Any, found: "Survey", workers: int | None
) -> "tuple[dict[int, Look], int]":
    """What is seen of photographs whose groups have several sizes, and the exit status."""
    from ...curate import ranking
    from ...inference import bundle

    groups = ranking.of_several_sizes(photos, labels)
    if not groups:
        return {}, ALL_READ
    from ...curate.comparison import compare
    from ...inference.detector import Detector
    from ...inference.workers import answer_each

    named = {name for name, *_ in found.models}
    model = next(iter(named & set(bundle.shipped())), "") if len(named) == 1 else ""
    detector = Detector.load(model or None)
    by = model or f"{detector.model}, as {' and '.join(sorted(named)) or 'no model'} is not here"
    note(f"groups of several sizes, judged anew at the smallest: {len(groups):,} ({by})")
    if sum(map(len, groups)) < MANY:
        workers = 1
    members = [[photos[index] for index in group] for group in groups]
    answers = answer_each(compare, detector, members, workers, 1)
    looks: dict[int, Look] = {}
    for group, seen in zip(groups, output.with_bar(answers, len(groups)), strict=True):
        if isinstance(seen, ImageError):  # it cost a process its life; P as it was decides
            output.note(str(seen))
            continue
        looks.update(zip(group, seen, strict=True))
    problems = [look.problem for look in looks.values() if look.problem]
    for problem in problems:
        output.note(problem)
    return looks, SOME_UNREAD if problems else ALL_READ


def _look(function: Any, path: str) -> Any:
    try:
        return function(path)
    except ImageError as error:
        return error
