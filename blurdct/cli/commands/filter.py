"""``blurdct filter``: results -> some photographs, listed, copied, moved, linked or tagged."""

import math
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ...errors import ConfigError
from ...utils.text import counted
from .. import output
from ..acting import DryRun, Null, To, check_use, follow, journal_in, print_paths
from ..checks import command
from ..options import AsCsv, AsJson, Escape, Results, form_of, note, probability
from ..usage import of_option

if TYPE_CHECKING:
    from ...curate.selection import Cut, Survey
    from ...results import Row

KEYWORD, STARS = "blurred", 1  # that photographs are tagged with


@command
def filter(
    results: Results,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="P", callback=probability, help="Photos of this P(blurred), 0 to 1, and above."
        ),
    ] = None,
    worst: Annotated[
        str | None,
        typer.Option(
            metavar="N|N%", help="The most blurred: so many, or such a part, rounded down."
        ),
    ] = None,
    max_fpr: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="From the lowest P at which at most this share of sharp photos is picked.",
        ),
    ] = None,
    label: Annotated[
        Literal["blurred", "sharp", "unsure", "unknown", "error"] | None,
        typer.Option(
            help="Photos of this label, in doubt (unsure), or that could not be read (error)."
        ),
    ] = None,
    sure: Annotated[
        bool, typer.Option("--sure", help="Leave out what is doubtful: blurred? and sharp?.")
    ] = False,
    include: Annotated[
        Literal["unknown", "error", "both"] | None,
        typer.Option(help="Also photos without a verdict: nothing to judge by, or not readable."),
    ] = None,
    action: Annotated[
        Literal["list", "copy", "move", "link", "tag"], typer.Option(help="What to do with them.")
    ] = "list",
    to: To = None,
    dry_run: DryRun = False,
    null: Null = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    escape: Escape = False,
    table: Annotated[
        bool, typer.Option("--table", help="Do nothing, and count what each threshold would pick.")
    ] = False,
    keyword: Annotated[
        str | None, typer.Option(metavar="WORD", help=f"For --action tag; {KEYWORD}.")
    ] = None,
    rating: Annotated[
        int | None,
        typer.Option(min=-1, max=5, help=f"For tag: stars, -1 rejected, 0 none; {STARS}."),
    ] = None,
) -> None:
    """Pick blurred photos out of results, and list, copy, move, link or tag them.

    Without --threshold, --worst, --max-fpr or --label: those labelled blurred.
    Photos whose label is unknown and those that could not be read are picked only
    by --include or --label. Run it where the scan ran, as paths are those of the
    scan. Lists have the worst first; --csv and --json list whole rows of results.

    --max-fpr takes the model's own threshold if that was chosen for this share,
    on photos held out from training (best and fast know 0.001 to 0.1). Any
    other is estimated from the photos in RESULTS, each being sharp with a chance
    of 1 - P. A line on standard error says which it was.

    \b
    copy, move, link   into DIR, in folders as they were; a name that is taken
                       gets a number. Sidecars go along: XMP and edits of other
                       programs, the clip of a Live Photo, JSON of Google
                       Takeout; a camera RAW is a photo by itself. link makes
                       symbolic links.
    tag                writes the keyword, and stars where there are none, into
                       an XMP sidecar: photo.xmp of camera RAW, photo.jpg.xmp of
                       others, unless there is one. darktable and digiKam read
                       them; Lightroom reads photo.xmp of RAW, and no others.

    Nothing is overwritten, and photos that have changed since the scan are left
    alone. Every step is written to a journal first: blurdct undo JOURNAL puts
    everything back.

    \b
    Examples:
      blurdct filter results.parquet --table
      blurdct filter results.parquet --worst 10% -0 | xargs -0 ls -l --
      blurdct filter results.parquet --label unknown --csv > unknown.csv
      blurdct filter results.parquet --max-fpr 0.01 --action move --to blurred
      blurdct filter results.parquet --threshold 0.95 --action tag --keyword soft

    \b
    Exit status:
      0  done
      1  some photos were left alone; standard error says which and why
      2  wrong use
    """
    from ...curate import actions, selection
    from ...curate.selection import ERROR, UNKNOWN
    from ...curate.xmp import UNWRITABLE
    from ...results import verdicts

    form = form_of(as_json, as_csv)
    others = {"--action": action != "list", "--null": null, "--table": table}
    if form and (named := [name for name, asked in others.items() if asked]):
        raise ConfigError(f"--{form} is for lists: leave out {' and '.join(named)}")
    given = {"--threshold": threshold, "--worst": worst, "--max-fpr": max_fpr, "--label": label}
    if len(named := [name for name, value in given.items() if value is not None]) > 1:
        raise ConfigError(f"{' and '.join(named)}: one or the other")
    if label and (
        named := [name for name, on in (("--include", include), ("--table", table)) if on]
    ):
        raise ConfigError(f"--label says all there is to pick: leave out {' and '.join(named)}")
    if table and (
        named := [name for name, on in (("--action", action != "list"), ("--to", to)) if on]
    ):
        raise ConfigError(f"--table does nothing with photos: leave out {' and '.join(named)}")
    check_use(action, to, null)
    if action != "tag" and (keyword is not None or rating is not None):
        raise ConfigError("--keyword and --rating are for --action tag")
    keyword, rating = KEYWORD if keyword is None else keyword, STARS if rating is None else rating
    if not keyword.strip() or UNWRITABLE.search(keyword):
        raise ConfigError(f"--keyword {keyword!r}: expected a word of printable characters")
    found = selection.survey(verdicts(results, ["label"] if label or not named else []))
    cut = selection.BY_LABEL
    if threshold is not None:
        cut = selection.from_p(threshold)
    elif worst is not None:
        cut = of_option("--worst", selection.worst, worst, found)
    elif max_fpr is not None:
        cut = of_option("--max-fpr", selection.max_fpr, max_fpr, found)
    if table:
        _print_table(found, cut)
        return
    if to:
        actions.check_target(to, found.root)
    extra = (UNKNOWN, ERROR) if include == "both" else (include,) if include else ()

    def picked() -> "Iterator[Row]":
        rows: Iterator[Row]
        if label:
            rows = (row for row in verdicts(results) if label in _kinds(row))
        else:
            rows = selection.pick(verdicts(results), cut, extra)
        return (row for row in rows if not sure or row["sure"] or selection.kind(row))

    told = _told(found, cut, extra)
    if label or sure:
        known = label in found.labels and not sure  # else the rows must be counted once more
        count = found.labels[label or ""] if known else sum(1 for _ in picked())
        what = f"labelled {label}" if label else cut.source
        only = ", and sure" if sure else ""
        told = f"{count:,} of {counted(found.labels.total(), 'photograph')}: {what}{only}"
    if form:
        note(told)
        _print_rows(sorted(picked(), key=_worst_first), form, escape)
        return
    if action == "list":
        note(told)
        rows = enumerate(picked())
        listed = sorted((_worst_first(row), number, row["path"]) for number, row in rows)
        print_paths((path for *_, path in listed), null)
        return
    note(told)
    folder = to or results.parent
    with journal_in(folder, action, dry_run) as journal:
        if action == "tag":
            steps = actions.tag(picked(), keyword, rating or None, journal)
        else:
            steps = actions.carry(picked(), action, folder, found.root, journal)
        status = follow(steps, action, dry_run, journal)
    raise typer.Exit(status)


def _kinds(row: "Row") -> set[str]:
    """What ``--label`` may call a row."""
    from ...curate.selection import ERROR
    from ...inference.prediction import kinds

    return {ERROR} if row["error"] else kinds(row["label"], row["sure"])


def _worst_first(row: "Row") -> float:
    """By which rows are sorted: P, falling; what has none stands last."""
    return math.inf if row["probability"] is None else -row["probability"]


def _print_rows(rows: "list[Row]", form: str, escape: bool) -> None:
    """Rows as they stand in results, with what they have beside."""
    from ...results import COLUMNS

    columns = dict.fromkeys([*COLUMNS, *(name for row in rows for name in row if name)])
    printer = output.printer(form, tuple(columns), escape)
    for row in rows:
        printer({name: row.get(name) for name in columns})


def _told(found: "Survey", cut: "Cut", include: Sequence[str]) -> str:
    """A remark on what is picked: how many, from which score on, how many of them are sharp."""
    from ...curate.selection import outcome

    count, sharp = outcome(found, cut, include)
    score = ""
    if cut.p is not None and not cut.source.startswith("P "):
        score = "" if math.isinf(cut.p) else f", P {cut.p:.4f} or more"
    words = f"{count:,} of {counted(found.labels.total(), 'photograph')}: {cut.source}{score}"
    return f"{words}; sharp among them, going by P: about {sharp:,.1f}" if count else words


def _print_table(found: "Survey", cut: "Cut") -> None:
    """How many photographs each threshold would pick; the one asked for is among them."""
    from ...curate.selection import TABLE, tally

    asked = [] if cut.p is None or math.isinf(cut.p) else [cut.p]
    rows = tally(found, (*TABLE, *asked))
    labels = ", ".join(f"{count:,} {name}" for name, count in found.labels.most_common())
    note(f"{counted(found.labels.total(), 'photograph')}: {labels}")
    if sys.stdout is None or not sys.stdout.isatty():
        printer = output.printer("csv", tuple(rows[0]))
        for row in rows:
            printer(row)
        return
    heads = ("from P", "photos", "of all", "of them sharp", "of the sharp")
    console, table = output.new_table(*heads)
    for row in rows:
        table.add_row(
            f"{row['threshold']:g}",
            f"{row['photos']:,}",
            f"{row['share']:.1%}",
            f"{row['sharp']:,.1f}",
            f"{row['sharp_share']:.2%}",
        )
    console.print(table)
