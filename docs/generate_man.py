"""The manual page about the command line, written from the commands themselves.

Source: man-pages(7) and groff_man(7), for what a page has and how it is marked up.

Example: python docs/generate_man.py
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from _generated import write_or_check
from generate_cli import VERBATIM, arguments, shown, summary

from blurdct._version import __version__
from blurdct.cli.app import application

PAGE = Path(__file__).parent / "man" / "blurdct.1"
DESCRIPTION = """\\fBblurdct\\fR tells blurred photographs from sharp ones: a label, whether that is
sure, and a score from 0 (sharp) to 100 (blurred). Results go to standard output, remarks to
standard error."""
STATUSES = {
    0: "All was done.",
    1: "All was done but for what standard error names.",
    2: "Wrong use.",
    3: "\\fBpredict \\-\\-fail\\-on\\fR found such a photo.",
}
VARIABLES = {
    "BLURDCT_MODEL": "The model where no \\fB\\-\\-model\\fR is given.",
    "BLURDCT_...": "Settings of \\fBserve\\fR, one for each of its options.",
}


def main() -> None:
    """Write the page; with --check only say whether it is up to date."""
    write_or_check(PAGE, page(), __doc__)


def page() -> str:
    """The whole page, roff."""
    group: Any = typer.main.get_command(application())
    return "\n".join([*_lines(group), ""])


def _lines(group: Any) -> Iterator[str]:
    yield '.\\" Written by docs/generate_man.py. Change the commands, then run it again.'
    yield f'.TH BLURDCT 1 "" "blurdct {__version__}" "User Commands"'
    yield ".SH NAME"
    yield "blurdct \\- tell blurred photographs from sharp ones"
    yield ".SH SYNOPSIS"
    yield ".B blurdct"
    yield ".I command"
    yield "[\\fIoption\\fR ...] [\\fIargument\\fR ...]"
    yield ".SH DESCRIPTION"
    yield from DESCRIPTION.splitlines()
    yield ".SH OPTIONS"
    yield from _parameters(group)
    yield ".SH COMMANDS"
    for name, command in group.commands.items():
        yield f".SS {roff(name)}"
        yield from _command(name, command)
    yield ".SH EXIT STATUS"
    for status, meaning in STATUSES.items():
        yield from _tagged(f"\\fB{status}\\fR", meaning)
    yield ".SH ENVIRONMENT"
    for variable, meaning in VARIABLES.items():
        yield from _tagged(f"\\fB{variable}\\fR", meaning)


def _command(name: str, command: Any) -> Iterator[str]:
    yield roff(summary(command).replace("\\|", "|"))
    yield ".PP"
    usage = " ".join(f"\\fI{roff(shown(one))}\\fR" for one in arguments(command))
    yield f"\\fBblurdct {roff(name)}\\fR [\\fIoption\\fR ...] {usage}"
    for paragraph in command.help.split("\n\n")[1:]:
        if paragraph.strip():
            yield ".PP"
            yield from _paragraph(paragraph)
    yield from _parameters(command)


def _paragraph(text: str) -> Iterator[str]:
    if not text.startswith(VERBATIM):
        yield roff(" ".join(text.split()))
        return
    first, *rest = text.removeprefix(VERBATIM).strip("\n").splitlines()
    if not rest:
        yield roff(first)
        return
    if first.endswith(":"):
        yield roff(first)
        rest = [line.removeprefix("  ") for line in rest]
    else:
        rest = [first, *rest]
    yield from (".PP", ".RS 4", ".nf", *map(roff, rest), ".fi", ".RE")


def _parameters(command: Any) -> Iterator[str]:
    for one in command.params:
        if getattr(one, "hidden", False) or one.name == "help":
            continue
        yield from _tagged(_heading(one), roff(" ".join((one.help or "").split())) + _default(one))
    yield from _tagged("\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "Show the help and exit.")


def _heading(one: Any) -> str:
    """How a parameter is given, and what it takes."""
    if one.param_type_name == "argument":
        return f"\\fI{roff(shown(one))}\\fR"
    spelled = ", ".join(f"\\fB{roff(name)}\\fR" for name in (*one.opts, *one.secondary_opts))
    if getattr(one, "is_flag", False):
        return spelled
    choices = getattr(one.type, "choices", None)
    kind = "|".join(map(str, choices)) if choices else one.metavar or one.type.name
    return f"{spelled} \\fI{roff(kind)}\\fR"


def _default(one: Any) -> str:
    plain = isinstance(one.default, (int, float, str)) and not isinstance(one.default, bool)
    if one.param_type_name == "argument" or one.required or not plain or one.default == "":
        return ""
    return roff(f" Default: {one.default}.")


def _tagged(tag: str, text: str) -> Iterator[str]:
    yield from (".TP", tag, text)


def roff(text: str) -> str:
    """Text as it is, whatever is in it: no escapes, no requests, hyphens that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    main()
