"""A step with files in and files out: done once, done whole, done again when something changed.

The record of a step is a small JSON file with its settings and the digests of what it read; the
list of what it wrote comes last of all. When everything still matches there is nothing to do.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._version import __version__
from ..errors import BlurdctError
from .atomic import replacing
from .text import reason

FIRST_RECORD = "1_photos.json"


@dataclass(frozen=True)
class Stage:
    """One step's record.

    Attributes:
        record: Where the record stands.
        settings: What the result depends on beside the files; plain JSON values.
        inputs: Files it reads.
        name: What it is called; as its record if left out.
    """

    record: Path
    settings: dict[str, Any]
    inputs: Sequence[Path] = ()
    name: str = ""

    def begin(self, partial: Path | None = None, force: bool = False) -> bool:
        """Whether there is anything to do: False, and a line about it, if all is done already.

        Args:
            partial: Folder of the step's results. What an earlier run with other settings or
                inputs left there is removed, what an interrupted one with the same left is kept.
            force: Do it all again.
        """
        try:
            record = json.loads(self.record.read_text())
            known = {name: record[name] for name in ("version", "settings", "inputs", "outputs")}
        except (OSError, ValueError, KeyError, TypeError):
            known = {}
        now = self._state()
        same = bool(known) and all(known[name] == now[name] for name in now)
        if same and not force and known["outputs"] is not None:
            folder = self.record.parent
            sizes = known["outputs"].items()
            if all(_size(folder / name) == size for name, size in sizes):
                print(
                    f"{self.name or self.record.stem}: nothing has changed; --force runs it anyway"
                )
                return False
        if partial and known and not (same and not force):
            shutil.rmtree(partial, ignore_errors=True)
        self._write({**now, "outputs": None})
        return True

    def finish(self, *outputs: Path) -> None:
        """Record that these files, beside the record or below, are complete; after ``begin``."""
        folder = self.record.parent
        sizes = {path.relative_to(folder).as_posix(): _size(path) for path in outputs}
        # what was read, not what is there by now: a file may have changed meanwhile
        begun = json.loads(self.record.read_text())
        self._write({**begun, "outputs": sizes})

    def _state(self) -> dict[str, Any]:
        return {
            "version": __version__,
            "settings": json.loads(json.dumps(self.settings, default=str)),
            "inputs": {path.name: digest(path) for path in self.inputs},
        }

    def _write(self, record: dict[str, Any]) -> None:
        with replacing(self.record) as path:
            path.write_text(json.dumps(record, indent=1) + "\n")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises:
        BlurdctError: It is not there.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BlurdctError(
            f"{path}: {reason(error)}; run the stage before this one first"
        ) from error


def settings_of(record: Path) -> dict[str, Any]:
    """The settings in a step's record; none if there is no such record."""
    try:
        return dict(json.loads(record.read_text())["settings"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
