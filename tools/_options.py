"""What the numbered stages share: arguments, the place of photographs, errors in one line."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from blurdct.errors import BlurdctError
from blurdct.utils.stage import FIRST_RECORD, settings_of
from blurdct.utils.text import of_system


def options(description: str | None) -> argparse.ArgumentParser:
    """The arguments that every stage has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--photos", type=Path, help="photographs (those of stage 1; data/sample for that)")
    add("--out", type=Path, default=Path("data/run"), help="folder of results (%(default)s)")
    add("--workers", type=int, help="processes (one per core)")
    add("--force", action="store_true", help="run even if nothing has changed")
    return parser


def photos_folder(args: argparse.Namespace) -> Path:
    """Where the photographs are: as said, else as stage 1 was told."""
    if args.photos:
        return Path(args.photos)
    return Path(settings_of(args.out / FIRST_RECORD).get("photos", "data/sample"))


def run(main: Callable[[], None]) -> None:
    """Call a stage; what the user brought wrong becomes one line and exit status 1."""
    try:
        main()
    except BlurdctError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {of_system(error)}")
    except KeyboardInterrupt:
        sys.exit(130)
