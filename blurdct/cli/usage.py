"""What is wrong with the words of a command line: option, what was given, what is allowed."""

import ast
import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer

from ..errors import ConfigError

SAID = (" is not a valid ", " is not in the range ", " is not one of ")  # behind what was given
_NO_COMMAND = re.compile(r"No such command '(.*?)'\.(?: Did you mean '(.*?)')?")
_TOO_MANY = re.compile(r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", re.DOTALL)
RENAMED = {"medium": "unsure", "clear": "sharp"}  # labels of earlier versions

Value = TypeVar("Value")


def line(error: typer.TyperException) -> str:
    """The line about a command line that cannot be understood."""
    own = _about_value(error) or _about_words(error)
    return own or " ".join(error.format_message().split())


def of_option(name: str, make: Callable[..., Value], *given: Any) -> Value:
    """What a function makes of the value of an option, which its error names.

    Raises:
        ConfigError: As by the function.
    """
    try:
        return make(*given)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error


def empty_word(words: Sequence[str]) -> str:
    """The line about the first word with nothing in it, as of a variable that is not set."""
    end = words.index("--") if "--" in words else len(words)
    for number, word in enumerate(words):
        if not word:
            before = words[number - 1] if number else ""
            if before.startswith("-") and number <= end:
                return f"{before} '': empty; is a variable not set?"
            return f"argument {number or 1} is empty (''); is a variable not set?"
        if number < end and word.startswith("--") and word.endswith("="):
            return f"{word}: empty; is a variable not set?"
    return ""


def renamed(word: str) -> str:
    """A hint for a label of earlier versions, to be put behind a message; or empty."""
    return f" ({word} is now {RENAMED[word]})" if word in RENAMED else ""


def _about_value(error: typer.TyperException) -> str:
    """The same about a value that is not allowed; empty if it is about anything else."""
    param, message = getattr(error, "param", None), getattr(error, "message", "")
    said = next((words for words in SAID if words in message), "")
    if param is None or not said:
        return ""
    given = _unquoted(message.partition(said)[0])
    name, kind = _name(param), param.type
    if known := _choices(param):
        close = difflib.get_close_matches(given, known, n=1)
        hint = renamed(given) or (f"; did you mean {close[0]}?" if close else "")
        return f"{name}: expected {', '.join(known)}, got {given!r}{hint}"
    whole = "int" in kind.name
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    span = ""
    if low is not None and high is not None:
        span = f" from {low:g} to {high:.10g}"
    elif low is not None:
        span = f" of {low:g} or more"
    if low is not None and given.endswith(".0"):  # a number that was parsed already
        given = given.removesuffix(".0")
    expected = ("a whole number" if whole else "a number") + span
    return f"{name}: expected {expected}, got {given}{_meant(given, whole, high)}"


def _about_words(error: typer.TyperException) -> str:
    """The line about a word that is missing, unknown or one too many; empty if about others."""
    message, param = getattr(error, "message", ""), getattr(error, "param", None)
    option = getattr(error, "option_name", "")
    kind = type(error).__name__
    if kind == "MissingParameter" and param is not None:
        expected = f"; expected {', '.join(known)}" if (known := _choices(param)) else ""
        return f"{_name(param)} is missing{expected}"
    if kind == "BadOptionUsage":
        return f"{option} needs a value" if "requires" in message else f"{option} takes no value"
    if kind == "NoSuchOption":
        close = difflib.get_close_matches(option, getattr(error, "possibilities", None) or (), n=1)
        return f"no option {option}{f'; did you mean {close[0]}?' if close else ''}"
    if found := _NO_COMMAND.match(message):
        return f"no command {found[1]}{f'; did you mean {found[2]}?' if found[2] else ''}"
    if found := _TOO_MANY.match(message):
        return f"not expected: {found[1]}"
    return ""


def _name(param: Any) -> str:
    """What the user calls an option or an argument."""
    if param.opts[0].startswith("-"):
        return str(max(param.opts, key=len))
    return str(param.human_readable_name).strip("[].")


def _choices(param: Any) -> list[str]:
    return [str(getattr(one, "value", one)) for one in getattr(param.type, "choices", ())]


def _unquoted(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def _meant(given: str, whole: bool, high: float | None) -> str:
    """A hint for a comma in place of a point, for a share in percent; empty for anything else."""
    text = given.strip()
    part = 100 if text.endswith("%") else 1
    if whole:
        text = text.replace(",", "").replace("_", "")
    try:
        number = float(text.rstrip("% ").replace(",", ".")) / part
    except ValueError:
        return ""
    if not whole and part == 1 and high is not None and high <= 1 < number <= 100:
        number /= 100
    fits = number >= 0 and (high is None or number <= high) and (not whole or number == int(number))
    meant = f"{number:.10g}"
    return f"; did you mean {meant}?" if fits and meant != given else ""
