"""The command ``blurdct``: its commands, and the exit status and line of whatever goes wrong.

What is heavy is imported inside their functions, so that help and version come at once.
"""

import errno
import gc
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer

from .._version import __version__
from ..errors import BlurdctError, BlurdctWarning, ConfigError, ModelError
from ..kernel import choice
from ..parallel.allocation import keep_memory
from ..parallel.cores import ONE_THREAD
from . import output, usage
from .options import ALL_READ, PIPE_CLOSED, SOME_UNREAD, WRONG_USE, error_line, note

COMMANDS = (  # as help lists them; each is a function of its own name in a module of that name
    *("predict", "features", "models", "scan", "filter", "undo", "best", "report", "video", "map"),
    *("explain", "train", "evaluate", "compare", "calibrate", "export", "serve", "client"),
)

# New objects between two searches for cycles: what is imported stays, and photographs make none.
FEWER = 50_000


def _version(wanted: bool) -> None:
    if wanted:
        kernel = choice.name()
        by = "by NumPy, no kernel" if kernel == choice.NUMPY else f"{kernel} kernel"
        output.write(f"blurdct {__version__} ({by})")
        raise typer.Exit


def top(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Print the version, and what makes the numbers.",
        ),
    ] = False,
) -> None:
    """Tell blurred photographs from sharp ones.

    \b
    Example:
      blurdct predict photo.jpg
    """


def application(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands; each takes time to make, so only what is needed."""
    app = typer.Typer(
        add_completion=True,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(top)
    for name in names:
        app.command()(getattr(import_module(f".commands.{name}", __package__), name))
    return app


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script; ``arguments`` are those of the process if left out."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        warnings.simplefilter("once", BlurdctWarning)
    warnings.showwarning = _remark
    words = list(sys.argv[1:] if arguments is None else arguments)
    output.prepare()
    if words and words[0] not in COMMANDS and _is_source(words[0]):
        note(f"{words[0]}: no command; blurdct predict {shlex.quote(words[0])} judges it")
        sys.exit(WRONG_USE)
    if message := usage.empty_word(words):
        note(message)
        sys.exit(WRONG_USE)
    # before the variables below are set: training looks at what the user wants
    app = application(words[:1] if words and words[0] in COMMANDS else COMMANDS)
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)  # before NumPy is loaded
    if arguments is None:  # the process is this command's alone
        keep_memory()
        gc.set_threshold(FEWER)
    try:
        status = app(words, prog_name="blurdct", standalone_mode=False)
    except typer.TyperException as error:
        if message := usage.line(error):  # none where the whole help was printed instead
            note(f"{message} (see {_command(error, words)} --help)")
        status = WRONG_USE
    except (ImportError, AttributeError) as error:
        from ..utils.installing import about_opencv

        if not (known := about_opencv(error)):
            raise
        note(str(known))
        status = WRONG_USE
    except BlurdctError as error:
        note(error_line(error))
        status = WRONG_USE if isinstance(error, (ConfigError, ModelError)) else SOME_UNREAD
    except output.OutputError as error:
        number, reason = error.args
        status = PIPE_CLOSED if number == errno.EPIPE else SOME_UNREAD
        if status != PIPE_CLOSED:
            note(f"cannot write the output ({reason})")
    if arguments is None:
        gc.freeze()  # what is left need not be searched for cycles before it all goes
    sys.exit(status or ALL_READ)


def _remark(message: Warning | str, *where: Any, **more: Any) -> None:
    """A warning as one line, without the line of code that it came from."""
    note(str(message))


def _is_source(word: str) -> bool:
    """Whether somebody forgot the command in front of what is to be judged."""
    return not word.startswith("-") and ("://" in word or os.path.lexists(word))


def _command(error: typer.TyperException, words: Sequence[str]) -> str:
    context = getattr(error, "ctx", None)
    if context:
        return str(context.command_path)
    return " ".join(["blurdct", *(word for word in words[:1] if word in COMMANDS)])
