"""What the scripts do that write a page of the documentation from what the code says."""

import argparse
import difflib
import sys
from pathlib import Path


def write_or_check(page: Path, text: str, description: str | None) -> None:
    """Write a page; with --check only say whether it is up to date: exit status 1 if it differs."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    args = parser.parse_args()
    if not args.check:
        page.write_text(text, encoding="utf-8")
        return
    old, new = page.read_text(encoding="utf-8").splitlines(), text.splitlines()
    if difference := "\n".join(difflib.unified_diff(old, new, page.name, "code", lineterm="")):
        sys.exit(f"{difference}\n{page} is out of date; run: python docs/{Path(sys.argv[0]).name}")
