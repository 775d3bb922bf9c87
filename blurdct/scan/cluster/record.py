"""What stands beside the parts: what they are of, before the first; what they are, after the last.

Whoever goes on with a scan, or does it anew, is told here whether that may be.
"""

import os
from contextlib import suppress
from typing import Any

from ..._version import __version__
from ...errors import BlurdctError, ConfigError
from ...results import UNREADABLE
from ...utils.parts.folder import BEGUN, RECORD, PartFolder
from ..run import Summary
from .job import Job

# By which two scans are one and the same; the digest is that of model, size and threshold.
SAME = ("digest", "sources", "column", "null", "exclude")


def settings(job: Job) -> dict[str, Any]:
    """Of a scan, as JSON holds them."""
    return {
        "sources": list(job.sources),
        "column": job.column,
        "null": job.null,
        "exclude": list(job.exclude),
        "folder": job.folder,
        "timeout": job.timeout,
        **job.facts,
    }


def begin(folder: PartFolder, job: Job, resume: bool, force: bool) -> bool:
    """Have the folder ready; whether the scan that it is of was complete.

    Raises:
        ConfigError: There is another scan in it, or one to go on with; something else is.
    """
    begun, record = folder.read_json(BEGUN), folder.read_json(RECORD)
    former = record or begun
    now = settings(job)
    place = folder.place
    if former is None and _is_taken(folder):
        raise ConfigError(f"{place}: there is something else in it; name a new folder")
    if former is not None and not force:
        if not resume and record is None:
            raise ConfigError(f"{place}: unfinished; --resume goes on with it, --force begins anew")
        if not resume:
            raise ConfigError(
                f"{place}: exists; --resume does new and changed photographs, --force all of them"
            )
        if other := next((name for name in SAME if former.get(name) != now[name]), ""):
            told = f"{other} {former.get(other)}, not {now[other]}"
            if other == "digest":
                told = _other_model(former, now)
            hint = "--force begins anew, another --out keeps both"
            raise ConfigError(f"{place}: made with {told}; {hint}")
    folder.make()
    if force:
        folder.remove(RECORD)
        for name in folder.names():
            folder.remove(name)
    folder.write_json(BEGUN, now)
    if record is not None and not force:
        folder.remove(RECORD)  # no longer true while parts are made
    return record is not None and not force


def finish(folder: PartFolder, job: Job, parts: int, summary: Summary) -> None:
    """Write the record, last of all."""
    labels = {name: summary.labels[name] for name in sorted(summary.labels)}
    value = {
        "parts": parts,
        "photos": summary.photos,
        "labels": labels,
        "doubtful": dict(summary.doubtful),
        "unreadable": summary.labels[UNREADABLE],
        "seconds": round(summary.seconds, 1),
        "version": __version__,
        **settings(job),
    }
    folder.write_json(RECORD, value)
    folder.remove(BEGUN)


def leave(folder: PartFolder) -> None:
    """After an early end: parts stay, and a folder of nothing goes."""
    with suppress(BlurdctError, OSError):  # the reason why this comes to an end, as a rule
        if not folder.names():
            folder.remove(BEGUN)
            if not folder.is_remote:
                os.rmdir(folder.place)


def _other_model(former: dict[str, Any], now: dict[str, Any]) -> str:
    for name in ("model", "size"):
        if former.get(name) != now[name]:
            return f"{name} {former.get(name)}, not {now[name]}"
    return f"another version or threshold of {now['model']}"


def _is_taken(folder: PartFolder) -> bool:
    """Whether a folder that no scan began has something in it."""
    if folder.is_remote:
        return bool(folder.names())
    return os.path.isdir(folder.place) and bool(os.listdir(folder.place))
