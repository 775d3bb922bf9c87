"""The page about the command line, written from the commands themselves.

Example: python docs/generate_cli.py
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from _generated import write_or_check

from blurdct.cli.app import application

PAGE = Path(__file__).parent / "reference" / "cli.md"
HEAD = """# Command line

<!-- Written by docs/generate_cli.py. Change the commands, then run it again. -->

What `blurdct COMMAND --help` says of every command. Exit statuses mean the same everywhere: 0 done,
1 done but for what standard error names, 2 wrong use; `predict --fail-on` has 3. Results go to
standard output, remarks to standard error.
"""
VERBATIM = "\b"  # marks a paragraph whose lines stay as they are


def main() -> None:
    """Write the page; with --check only say whether it is up to date."""
    write_or_check(PAGE, page(), __doc__)


def page() -> str:
    """The whole page, Markdown."""
    group: Any = typer.main.get_command(application())
    listed = [
        f"| [`{name}`](#blurdct-{name}) | {summary(command)} |"
        for name, command in group.commands.items()
    ]
    parts = [HEAD, "\n".join(["| command | what it does |", "| --- | --- |", *listed]), ""]
    parts += [f"## `blurdct`\n\n{parameters('blurdct', group)}"]
    parts += [section(name, command) for name, command in group.commands.items()]
    return "\n".join(parts).rstrip() + "\n"


def summary(command: Any) -> str:
    """The first paragraph of a command's help, in one line."""
    return " ".join(command.help.partition("\n\n")[0].split()).replace("|", "\\|")


def section(name: str, command: Any) -> str:
    """One command: what it does, its arguments and options, its examples."""
    told = "\n\n".join(paragraphs(command.help))
    usage = f"blurdct {name} [OPTIONS]" + "".join(f" {shown(one)}" for one in arguments(command))
    return f"## `blurdct {name}`\n\n{told}\n\n```text\n{usage}\n```\n\n{parameters(name, command)}"


def paragraphs(text: str) -> Iterator[str]:
    """A help text as Markdown; lines that are to stay as they are become a block."""
    for paragraph in text.split("\n\n"):
        if not paragraph.strip():
            continue
        if not paragraph.startswith(VERBATIM):
            yield " ".join(paragraph.split())
            continue
        lines = paragraph.removeprefix(VERBATIM).strip("\n").splitlines()
        if len(lines) == 1:
            yield lines[0]
        elif lines[0].endswith(":"):
            block = "\n".join(line.removeprefix("  ") for line in lines[1:])
            yield f"{lines[0]}\n\n```text\n{block}\n```"
        else:
            yield "```text\n{}\n```".format("\n".join(lines))


def arguments(command: Any) -> list[Any]:
    """What is named without a dash."""
    return [one for one in command.params if one.param_type_name == "argument"]


def parameters(name: str, command: Any) -> str:
    """A table of arguments and options."""
    rows = [
        f"| {names(one)} | {value(one)} | {cell(one.help or '')}{default(one)} |"
        for one in command.params
        if not getattr(one, "hidden", False) and one.name != "help"
    ]
    rows.append("| `-h`, `--help` | | Show the help and exit. |")
    head = "| argument or option | value | meaning |\n| --- | --- | --- |\n"
    return head + "\n".join(rows) + "\n"


def names(one: Any) -> str:
    """How a parameter is given."""
    if one.param_type_name == "argument":
        return f"`{shown(one)}`"
    spelled = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
    return f"{spelled} (required)" if one.required else spelled


def shown(one: Any) -> str:
    """An argument as usage lines show it."""
    text = one.metavar or one.name.upper()
    many = "..." if one.nargs == -1 and not text.rstrip("]").endswith("...") else ""
    return f"{text}{many}" if one.required or text.startswith("[") else f"[{text}{many}]"


def value(one: Any) -> str:
    """What kind of value a parameter takes; nothing for a switch."""
    if getattr(one, "is_flag", False) or one.param_type_name == "argument":
        return ""
    choices = getattr(one.type, "choices", None)
    kind = " \\| ".join(map(str, choices)) if choices else cell(one.metavar or one.type.name)
    low, high = getattr(one.type, "min", None), getattr(one.type, "max", None)
    if low is None and high is None:
        return kind
    if high is None:
        return f"{kind}, {low} or more"
    return f"{kind}, {low} to {high}"


def default(one: Any) -> str:
    """What it is if left out, where that is a value."""
    if one.param_type_name == "argument" or one.default in (None, (), []) or one.required:
        return ""
    if isinstance(one.default, bool):
        switch = one.opts[0] if one.default else ""
        return f" Default: `{switch}`." if switch and one.secondary_opts else ""
    return f" Default: {one.default}."


def cell(text: str) -> str:
    """Text that may stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    main()
