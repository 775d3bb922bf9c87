"""What a benchmark finds -> Markdown on standard output, and the same in a folder of results.

NAME.md begins with a heading of level 2 and has no front matter, so that any page can include it;
NAME.json has the figures of its tables as numbers. Both say where the figures come from.
"""

import argparse
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from _origin import RESULTS, ROOT, command, commit, machine, stand_ins

from blurdct.errors import BlurdctError
from blurdct.utils.atomic import replacing
from blurdct.utils.json_files import write_json
from blurdct.utils.text import of_system

Cell = str | float | Sequence[float] | None
SHOWN = 5  # of a list of numbers


def options(description: str | None) -> argparse.ArgumentParser:
    """The arguments that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kept = parser.add_argument_group("what is kept")
    add = kept.add_argument
    add("--out", type=Path, default=ROOT / RESULTS, help=f"folder of results ({RESULTS})")
    add("--no-record", action="store_true", help="print the tables, write nothing")
    return parser


def run(main: Callable[[], None]) -> None:
    """Call a benchmark; what the user brought wrong becomes one line and exit status 1."""
    try:
        main()
    except BlurdctError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {of_system(error)}")
    except KeyboardInterrupt:
        sys.exit(130)


class Table:
    """Rows of figures, each printed as it comes.

    Args:
        columns: Name -> how its numbers are written, such as ``.3f``.
        title: The heading it stands under.
        write: Takes each line.
    """

    def __init__(
        self, columns: dict[str, str], title: str = "", write: Callable[[str], None] = print
    ) -> None:
        self.columns, self.title, self.write = columns, title, write
        self.rows: list[list[Any]] = []
        self._line(columns)
        self._line(["---"] * len(columns))

    def row(self, *cells: Cell, form: str | None = None) -> None:
        """Add one row; ``form`` is how its numbers are written, whatever their columns say."""
        if len(cells) != len(self.columns):
            raise ValueError(f"expected {len(self.columns)} cells, got {len(cells)}")
        plain = [cell.item() if isinstance(cell, np.generic) else cell for cell in cells]
        self.rows.append(plain)
        forms = self.columns.values()
        self._line([written(cell, form or own) for cell, own in zip(plain, forms, strict=True)])

    def _line(self, cells: Any) -> None:
        self.write(f"| {' | '.join(cells)} |")


def written(cell: Cell, form: str) -> str:
    """A cell as a person reads it; of a list the first five, and - where there is nothing."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Sequence):
        more = ["..."] if len(cell) > SHOWN else []
        return ", ".join([*(format(one, form) for one in cell[:SHOWN]), *more])
    return format(cell, form)


class Record:
    """What one run finds, in its order. Its lines are the page's, its tables the figures'."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.tables: list[Table] = []
        self.hidden: dict[str, str] = {}  # texts that are of this machine alone -> stand-ins
        self._heading = ""

    def say(self, text: str) -> None:
        """A paragraph."""
        self._gap()
        self._print(text)

    def heading(self, text: str) -> None:
        """What the next tables are about."""
        self._heading = text
        self.say(f"### {text}")

    def table(self, columns: dict[str, str]) -> Table:
        """A table under the last heading; see ``Table``."""
        self._gap()
        self.tables.append(Table(columns, self._heading, self._print))
        return self.tables[-1]

    def _gap(self) -> None:
        if self.lines:
            self._print("")

    def _print(self, line: str) -> None:
        print(line, flush=True)
        self.lines.append(line)

    def public(self, value: Any) -> Any:
        """The same without what is of this machine alone."""
        if isinstance(value, str):
            for text in sorted(self.hidden, key=len, reverse=True):
                value = value.replace(text, self.hidden[text])
            return value
        return [self.public(one) for one in value] if isinstance(value, list) else value


@contextmanager
def recording(
    script: str, doc: str | None, args: argparse.Namespace, name: str = "", measured: bool = True
) -> Iterator[Record]:
    """What is said to the record becomes two files in ``args.out``, unless the run fails.

    Args:
        script: The benchmark's ``__file__``; it names the files, unless ``name`` does.
        doc: Its docstring: the title, and what the page says before the figures.
        args: Of ``options``.
        name: Of the files.
        measured: False for figures taken from other files, of which this machine says nothing.
    """
    record = Record()
    record.hidden |= stand_ins(sys.argv[1:])
    origin: dict[str, Any] = {"date": date.today().isoformat(), **commit()}  # as it began
    origin |= {"command": command(script, sys.argv[1:])}
    origin |= {"machine": machine()} if measured else {}
    yield record
    if args.no_record:
        return
    title, text = told(doc)
    page = [f"## {title}", text, "\n".join(record.lines), _words(origin)]
    figures = [
        {"title": table.title, "columns": list(table.columns), "rows": table.rows}
        for table in record.tables
    ]
    shown = [{key: record.public(value) for key, value in one.items()} for one in figures]
    name = name or Path(script).stem
    write_json({"title": title, **origin, "tables": shown}, args.out / f"{name}.json")
    with replacing(args.out / f"{name}.md") as temporary:
        temporary.write_text(record.public("\n\n".join(page)) + "\n", encoding="utf-8")


def told(doc: str | None) -> tuple[str, str]:
    """Title and text of a docstring, without its examples, in Markdown."""
    whole = inspect.cleandoc(doc or "").replace("``", "`")
    title, _, text = whole.partition("\n")
    return title.rstrip("."), text.partition("Example:")[0].strip()


def _words(origin: dict[str, Any]) -> str:
    """Where the figures come from, in one paragraph."""
    where = f"at commit {origin['commit']}" if origin["commit"] else "without git"
    where += ", with changes" if origin["changed"] else ""
    if "machine" in origin:
        of = origin["machine"]
        where += (
            f", on {of['processor']}, {of['cores']} cores (load {of['load']} as it began), "
            f"{of['memory_gb']} GB, {of['system']}; Python {of['python']}, "
            f"NumPy {of['numpy']}, OpenCV {of['opencv']}, ONNX Runtime {of['onnxruntime']}"
        )
    return f"*{origin['date']}, {where}:* `{origin['command']}`"
