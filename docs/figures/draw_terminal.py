"""A picture of a terminal in which ``blurdct predict`` judges sample photographs, for the README.

The command runs in a pseudo-terminal; what it prints there is drawn as it is, as SVG that fetches
nothing from elsewhere.

Example: python docs/figures/draw_terminal.py --out docs/figures/terminal.svg
"""

import argparse
import contextlib
import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

FIGURES = Path(__file__).resolve().parent
COMMAND = "blurdct predict data/sample/*/[acdl]*.jpg"
WIDTH = 78  # characters
# The page brings no font along and fetches none: letters are placed one by one in any.
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Run the command, draw what it printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES / "terminal.svg")
    args = parser.parse_args()
    out = args.out.resolve()
    os.chdir(FIGURES.parents[1])  # as the paths in the picture are to begin
    printed = on_terminal(COMMAND.replace("blurdct", f"{sys.executable} -m blurdct", 1))
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {COMMAND}", style="bold"))
    console.print(Text.from_ansi(printed.rstrip()))
    svg = console.export_svg(title="blurdct", theme=MONOKAI, unique_id="blurdct")
    out.write_text(FONT_FACE.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, Consolas"))
    print(f"{args.out}: {out.stat().st_size / 1000:.0f} kB")


def on_terminal(command: str) -> str:
    """What a command prints on a terminal of ``WIDTH`` columns, colours included."""
    terminal, shell = pty.openpty()
    size = {"COLUMNS": str(WIDTH), "LINES": "40", "TERM": "xterm-256color"}
    with subprocess.Popen(
        command,
        shell=True,
        stdin=shell,
        stdout=shell,
        stderr=shell,
        env={**os.environ, **size},
    ) as child:
        os.close(shell)
        pieces = []
        with contextlib.suppress(OSError):  # how Linux says that nobody writes any more
            while data := os.read(terminal, 1 << 16):
                pieces.append(data)
    os.close(terminal)
    if child.returncode:
        sys.exit(b"".join(pieces).decode())
    lines = b"".join(pieces).decode().replace("\r\n", "\n").split("\n")
    # of a progress bar's line, what stood there last
    return "\n".join(line.rpartition("\r")[2] for line in lines)


if __name__ == "__main__":
    main()
