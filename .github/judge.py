"""What the action runs: judge pictures, and tell GitHub of those that are blurred.

Reads PATHS, FAIL_ON, MAX_FPR, EXCLUDE and MODEL from the environment; see ``action.yml``. Writes
annotations to standard output, a table to the file that GITHUB_STEP_SUMMARY names, and two numbers
to that of GITHUB_OUTPUT. Exits as ``blurdct predict`` does: 3 if a picture is what FAIL_ON names, 1
if one cannot be read, 2 for wrong use.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from typing import Any

ROWS = 100  # of the table; a summary may have a megabyte
MARKS = 10  # annotations of a kind that GitHub shows for a step
GATES = ("blurred", "unsure", "unknown")

Row = dict[str, Any]


def main() -> int:
    """Judge, tell, and return the exit status."""
    gates = {word.strip() for word in os.environ.get("FAIL_ON", "").split(",")} - {""}
    words = ["predict", "--json", "--quiet", "--model", os.environ.get("MODEL") or "best"]
    if share := os.environ.get("MAX_FPR", "").strip():
        words += ["--max-fpr", share]
    for gate in sorted(gates):
        words += ["--fail-on", gate]
    for pattern in os.environ.get("EXCLUDE", "").splitlines():
        words += ["--exclude", pattern.strip()] if pattern.strip() else []
    words += ["--", *paths(os.environ.get("PATHS", "."))]
    done = subprocess.run([sys.executable, "-m", "blurdct", *words], capture_output=True, text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    failed = [row for row in rows if fails(row, gates)]
    doubtful = [row for row in rows if "unsure" in kinds(row) and row not in failed]
    for row in worst(failed)[:MARKS]:
        print(annotation("error", row["path"], told(row)))
    for row in worst(doubtful)[:MARKS]:
        print(annotation("warning", row["path"], told(row)))
    for line in done.stderr.splitlines()[:MARKS]:
        print(annotation("error", "", line))
    append("GITHUB_STEP_SUMMARY", summary(rows, failed, done.stderr.splitlines()))
    append("GITHUB_OUTPUT", f"judged={len(rows)}\nfailed={len(failed)}\n")
    print(f"{len(rows)} judged, {len(failed)} failed")
    return done.returncode


def paths(text: str) -> list[str]:
    """One a line, whatever is in it; of a single line, words as a shell splits them."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        return lines
    return shlex.split(lines[0]) if lines else ["."]


def kinds(row: Row) -> set[str]:
    """What a gate may call a picture."""
    label = row["label"]
    return {label} if row["sure"] or label == "unknown" else {label, "unsure"}


def fails(row: Row, gates: set[str]) -> bool:
    """What shows nothing to judge by passes no gate, as with ``blurdct predict``."""
    return bool(gates) and bool(kinds(row) & (gates | {"unknown"}))


def worst(rows: list[Row]) -> list[Row]:
    """The most blurred first, then those without a score."""
    return sorted(rows, key=lambda row: -1 if row["score"] is None else -row["score"] - 2)


def told(row: Row) -> str:
    """A verdict in a line."""
    if row["label"] == "unknown":
        return f"cannot be judged: {row['reason']}"
    doubt = "" if row["sure"] else ", not sure"
    width = f", by about {row['blur']:.0f} pixels" if wide(row) else ""
    return f"{row['label']}{doubt}{width}: score {row['score']:.1f} of 100"


def wide(row: Row) -> bool:
    """Whether the width of a blur is worth telling."""
    return row["label"] == "blurred" and row["blur"] is not None and row["blur"] >= 2


def annotation(level: str, path: str, message: str) -> str:
    """A workflow command; see GitHub's documentation of those."""
    where = f"file={escaped(path, also=':,')}," if path else ""
    return f"::{level} {where}title=Blurred pictures::{escaped(message)}"


def escaped(text: str, also: str = "") -> str:
    """As values of workflow commands have to be."""
    return re.sub(f"[%\r\n{also}]", lambda found: f"%{ord(found[0]):02X}", text)


def summary(rows: list[Row], failed: list[Row], errors: list[str]) -> str:
    """The table, Markdown; the worst come first."""
    counts = {label: sum(row["label"] == label for row in rows) for label in ("blurred", "sharp")}
    head = f"{len(rows)} judged: {counts['blurred']} blurred, {counts['sharp']} sharp"
    lines = ["### Blurred pictures", "", f"{head}; {len(failed)} failed.", ""]
    shown = [*worst(failed), *worst([row for row in rows if row not in failed])][:ROWS]
    if shown:
        lines += ["| picture | score | verdict | |", "| --- | ---: | --- | --- |"]
    for row in shown:
        score = "-" if row["score"] is None else f"{row['score']:.1f}"
        label = row["label"] if row["sure"] or row["label"] == "unknown" else f"{row['label']}?"
        more = row["reason"] or (f"about {row['blur']:.0f} pixels" if wide(row) else "")
        mark = "**" if row in failed else ""
        lines.append(f"| {cell(row['path'])} | {score} | {mark}{label}{mark} | {cell(more)} |")
    if len(rows) > ROWS:
        lines += ["", f"And {len(rows) - ROWS} more."]
    if errors:
        lines += ["", *(f"- {cell(line)}" for line in errors[:ROWS])]
    return "\n".join([*lines, "", ""])


def cell(text: str) -> str:
    """Text of anybody's, as text in a table."""
    mark = "\N{REPLACEMENT CHARACTER}"
    clean = "".join(letter if letter.isprintable() else mark for letter in text)
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&@])", r"\\\1", clean)


def append(variable: str, text: str) -> None:
    """To the file that a variable names; nothing outside of GitHub."""
    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main())
