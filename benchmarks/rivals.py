"""What people would use instead, on the same photographs: how often right, how fast, how large.

Each rival runs in an environment of its own and is asked through its own public interface by a
script of `benchmarks/adapters/`, without a network; a photo that it dies of, or cannot read, is
lost to it alone. *Own* is the verdict of its own threshold, *fitted* the threshold at which it is
right most often: on the real photographs that of the other folds, elsewhere that of all real ones.
Slow ones get a part of the photographs, the slowest none of those that are changed, so the second
table of real ones has all rivals on the smallest part.

Folds are of whole scenes; so is what the intervals are drawn from. Our models are trained anew for
each, and get calibration and threshold from the other folds; on the changed photographs of
`data/sample`, which no model learnt from, they are those that are shipped. Kinds are sharp
photographs of documents, products, faces and more, with copies out of focus and moved
(`benchmarks/kinds.py`), of collections that our models have not seen; *weak* are the two that are
blurred least. *At 640* is a picture reduced to 640 pixels first; the real photographs are of that
size.

Costs are of one process on one core: photographs a second of its processor time, which other work
does not change, without start-up, and how many times those of decoding to grey in the same round
(medians of the rounds); what a process has of memory at
most, and what all packages take on the disk, without Python. Where a rival is better than `best`,
the first table says so; of those that got a part of the photographs, by costs alone.
Example: python benchmarks/rivals.py --photos photos --kinds kinds
         python benchmarks/rivals.py --speed
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import _rivals
from _origin import command, commit
from _record import Record, options, recording, run
from _rivals import Adapter, Kept, Rival, RivalError, answers, environment, script_digest
from _rivals_costs import cost
from _rivals_figures import GROUPS, Answers, among_kinds, heard, moved, right
from _rivals_photos import CHANGED, DRAWN, Picture, kinds, part_of, real, sample
from _rivals_unseen import unseen

from blurdct.cli.output import note
from blurdct.errors import ConfigError
from blurdct.parallel.cores import cores

CACHE = Path("~/.cache/blurdct-rivals")
LEAST = 0.2  # share of photographs of a rival that is asked about changes, too

SUMMARY, REAL, SMALLEST = "In short", "Real photographs", "Real photographs, the smallest part"
KINDS, CHANGES, COSTS = "Other kinds, with blurred copies", "Changes that do not blur", "Costs"
LEFT, WHEN, ANSWERS = "Left out", "When", "all but costs"
RIGHT = {
    "photographs": "", "lost": "", "ROC AUC": ".3f", "its 95 %": ".3f",
    "accuracy, own": ".3f", "sharp rejected, own": ".1%",
    "accuracy, fitted": ".3f", "sharp rejected, fitted": ".1%",
}  # fmt: skip
COLUMNS: dict[str, dict[str, str]] = {
    SUMMARY: {
        "rival": "", "version": "", "ROC AUC, real": ".3f", "accuracy, own": ".3f",
        "sharp rejected, own": ".1%", "accuracy, fitted": ".3f", "ROC AUC, kinds": ".3f",
        "verdicts that change": ".1%", "of decoding's speed": ".3f", "memory, MB": ".0f",
        "installed, MB": ".0f", "better than `best` in": "",
    },
    REAL: {"rival": "", **RIGHT},
    SMALLEST: {"rival": "", **RIGHT},
    KINDS: {
        "rival": "", "size": "", "photographs": "", "lost": "",
        "sharp rejected, own": ".1%", "found, own": ".1%",
        "sharp rejected, fitted": ".1%", "found, fitted": ".1%",
        "ROC AUC": ".3f", "ROC AUC, weak": ".3f",
    },
    CHANGES: {
        "rival": "", "size": "", "threshold": "", "photographs": "", "lost": "",
        "verdicts that change": ".1%", **dict.fromkeys(GROUPS, ".1%"),
    },
    COSTS: {
        "rival": "", "photos/s": ".1f", "of decoding's": ".3f", "12 megapixels, photos/s": ".2f",
        "12 megapixels, of decoding's": ".3f", "memory, MB": ".0f",
        "12 megapixels, memory, MB": ".0f", "installed, MB": ".0f",
    },
    LEFT: {"rival": "", "why": ""},
    WHEN: dict.fromkeys(("what", "date", "commit", "command"), ""),
}  # fmt: skip
# of the first table's columns, those in which a rival can be better: 1 if more is better
BETTER = {
    "ROC AUC, real": 1, "accuracy, own": 1, "sharp rejected, own": -1, "accuracy, fitted": 1,
    "ROC AUC, kinds": 1, "verdicts that change": -1, "of decoding's speed": 1, "memory, MB": -1,
    "installed, MB": -1,
}  # fmt: skip

COMPARABLE = ("of decoding's speed", "memory, MB", "installed, MB")  # also of a rival with a part

Rows = list[list[Any]]


def main() -> None:
    """Print Markdown tables: a row for each rival."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--photos", type=Path, help="labelled real photographs with a manifest.csv")
    add("--kinds", type=Path, help="sharp ones of other kinds, with a manifest.csv")
    add("--tables", type=Path, default=_rivals.ROOT / "data", help="what our models learnt from")
    add("--speed", action="store_true", help="costs only; the rest stays as it was recorded")
    add("--rivals", nargs="+", metavar="NAME", help="those whose names hold one of these (all)")
    add("--limit", type=int, help="so many real ones (all)")
    add("--drawn", type=int, default=DRAWN, help="so many of the kinds (%(default)s)")
    add("--changed", type=int, default=CHANGED, help="so many of the sample (%(default)s)")
    add("--rounds", type=int, default=5, help="of the costs (%(default)s)")
    add("--patience", type=float, default=300, help="seconds for a photo (%(default)s)")
    add("--cache", type=Path, default=CACHE, help=f"environments and answers ({CACHE})")
    add("--workers", type=int, default=min(2, cores()), help="rivals at a time (%(default)s)")
    args = parser.parse_args()
    args.cache = args.cache.expanduser().absolute()
    if not args.speed and not (args.photos and args.kinds):
        parser.error("--photos and --kinds: two folders are needed, except with --speed")
    chosen = named(args.rivals)
    recorded = before(args.out) if args.speed else {}
    words = command(__file__, sys.argv[1:])
    with recording(__file__, __doc__, args) as record:
        left: dict[str, str] = {}
        ready = {name: rival for name, rival in chosen.items() if made(name, rival, args, left)}
        if args.speed:
            tables: dict[str, Rows] = {one["title"]: one["rows"] for one in recorded["tables"]}
        else:
            tables = judged(ready, args, left)
        tables[COSTS] = cost(ready, args, left)
        now = ["costs", date.today().isoformat(), commit()["commit"], words]
        then = [row for row in tables.get(WHEN, []) if row[0] == ANSWERS]
        tables[WHEN] = [*(then or [[ANSWERS, *now[1:]]]), now]
        tables[LEFT] = [[name, why] for name, why in left.items()]
        tables[SUMMARY] = in_short(list(ready), tables)
        for title, columns in COLUMNS.items():
            if tables.get(title):
                show(record, title, columns, tables[title])


def named(parts: Sequence[str] | None) -> dict[str, Rival]:
    """The rivals asked for; ours always."""
    ours = {name: one for name, one in _rivals.RIVALS.items() if one.model}
    found = {
        name: one
        for name, one in _rivals.RIVALS.items()
        if parts is None or any(part in name for part in parts)
    }
    if not found:
        known = ", ".join(name for name in _rivals.RIVALS if name not in ours)
        raise ConfigError(f"--rivals: none is called {', '.join(parts or ())}; known: {known}")
    return ours | found


def before(folder: Path) -> dict[str, Any]:
    """What the last run wrote."""
    path = folder / f"{Path(__file__).stem}.json"
    try:
        whole: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; the first run is without --speed") from None
    except ValueError as error:
        raise ConfigError(f"{path}: not what this benchmark writes") from error
    return whole


def made(name: str, rival: Rival, args: argparse.Namespace, left: dict[str, str]) -> bool:
    """Whether there is an environment for a rival now; if not, why not is in ``left``."""
    try:
        environment(rival, args.cache)
    except RivalError as error:
        left[name] = str(error)
        note(f"{name}: {error}")
    return name not in left


def judged(
    ready: dict[str, Rival], args: argparse.Namespace, left: dict[str, str]
) -> dict[str, Rows]:
    """All tables but that of the costs."""
    photos, of_kinds, changed = real(args), kinds(args), sample(args)
    said = asked(ready, photos, of_kinds, changed, args, left)
    tables: dict[str, Rows] = {REAL: [], SMALLEST: [], KINDS: [], CHANGES: []}
    smallest = min(rival.share for rival in ready.values())
    for name, rival in ((name, one) for name, one in ready.items() if name not in left):
        cells, fitted = right(heard(photos, said[name]))
        tables[REAL].append([name, *cells])
        part = part_of(photos, smallest)
        tables[SMALLEST].append([name, *right(heard(part, said[name]))[0]])
        for size in ("as it is", "at 640"):
            some = [one for one in of_kinds if size in one.sizes]
            row = among_kinds(heard(some, said[name]), fitted)
            tables[KINDS].append([name, size, *row])
            some = [one for one in changed if size in one.sizes]
            if rival.share >= LEAST:
                tables[CHANGES].append([name, size, *moved(heard(some, said[name]), fitted)])
    return tables


def asked(
    ready: dict[str, Rival],
    photos: list[Picture],
    of_kinds: list[Picture],
    changed: list[Picture],
    args: argparse.Namespace,
    left: dict[str, str],
) -> dict[str, Answers]:
    """What each rival says of the pictures that it gets, by their keys; kept as it comes."""

    def ask(name: str) -> Answers:
        rival = ready[name]
        sets = [] if rival.model else [photos, of_kinds]
        sets += [changed] if rival.share >= LEAST else []
        pictures = [one for some in sets for one in part_of(some, rival.share)]
        version = " ".join([*rival.packages, script_digest(rival)])
        version += f" {_rivals.tree_digest()}" if rival.model else ""
        kept = Kept(args.cache / "answers", name, version)
        waiting = {str(one.path): one.key for one in pictures if one.key not in kept.said}
        adapter = Adapter(name, rival, args.cache, args.patience)
        try:
            for line in answers(adapter, [Path(path) for path in waiting]):
                kept.add(waiting[line["path"]], line)
        except RivalError as error:
            left[name] = str(error)
        finally:
            adapter.close()
        note(f"{name}: {len(pictures)} pictures")
        return kept.said

    with ThreadPoolExecutor(args.workers) as pool:
        said = dict(zip(ready, pool.map(ask, ready), strict=True))
    for name, rival in ready.items():
        if rival.model:
            own = unseen(rival.model, args.tables, [*photos, *of_kinds], args.cache)
            said[name] = {**said[name], **own}
    return said


def in_short(names: list[str], tables: dict[str, Rows]) -> Rows:
    """The first table: a row for each rival, and in what it is better than ours."""

    def cell(title: str, name: str, column: str) -> Any:
        at = list(COLUMNS[title]).index(column)
        found = [row[at] for row in tables.get(title, []) if row[0] == name]
        return found[0] if found else None  # of two sizes, the photographs as they are

    of = {
        "ROC AUC, real": (REAL, "ROC AUC"),
        **{name: (REAL, name) for name in ("accuracy, own", "sharp rejected, own")},
        "accuracy, fitted": (REAL, "accuracy, fitted"),
        "ROC AUC, kinds": (KINDS, "ROC AUC"),
        "verdicts that change": (CHANGES, "verdicts that change"),
        "of decoding's speed": (COSTS, "of decoding's"),
        **{name: (COSTS, name) for name in ("memory, MB", "installed, MB")},
    }
    cells = {
        name: {column: cell(title, name, of_it) for column, (title, of_it) in of.items()}
        for name in names
        if any(row[0] == name for title in (REAL, COSTS) for row in tables.get(title, []))
    }
    best = cells.get(_rivals.BEST, {})
    rows = []
    for name, values in cells.items():
        better = [
            column
            for column, sign in BETTER.items()
            if None not in (values[column], best.get(column))
            and (_rivals.RIVALS[name].share == 1 or column in COMPARABLE)
            and sign * values[column] > sign * best[column]
        ]
        words = "; ".join(better) if better else None
        rows.append([name, _rivals.RIVALS[name].version, *values.values(), words])
    return rows


def show(record: Record, title: str, columns: dict[str, str], rows: Rows) -> None:
    """A table."""
    record.heading(title)
    table = record.table(columns)
    for row in rows:
        table.row(*row)


if __name__ == "__main__":
    run(main)
