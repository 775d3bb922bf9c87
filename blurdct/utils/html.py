"""HTML pages from templates: one file each, which asks nobody for anything.

A package keeps what its pages are made of beside its modules, in ``templates`` and ``assets``; what
all pages share is kept here. Templates escape whatever they are given.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

LONGEST = 400  # letters of a name or an error that are shown
SHARED = ("page.css", "page.js")

# What would break a line, end a text or turn letters around.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def render(package: str, template: str, assets: Sequence[str] = (), **values: Any) -> str:
    """A page that extends ``shared/page.html.j2``.

    Args:
        package: Whose template and assets it is made of.
        template: Its name in the package.
        assets: Names in the package of style and scripts that the page has beside the shared ones.
        values: What the templates show; all of it is escaped but ``Markup``.

    Returns:
        Text that UTF-8 can hold. The page runs these very scripts, and loads nothing.
    """
    own = {name: asset(package, name) for name in assets}
    shared = {name: asset(__package__, name) for name in SHARED}
    style = [text for name, text in {**shared, **own}.items() if name.endswith(".css")]
    script = [text for name, text in {**own, **shared}.items() if name.endswith(".js")]
    page = environment(package).get_template(template)
    return page.render(policy=policy(*script), styles=style, scripts=script, **values)


def asset(package: str, name: str) -> Markup:
    """Style or script of a package, to stand in a page as it is."""
    return Markup(resources.files(package).joinpath("assets", name).read_text(encoding="utf-8"))


def policy(*scripts: str) -> str:
    """What a page may load: pictures and style that stand in it, and these very scripts."""
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts
    ]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"


@cache
def environment(package: str) -> Environment:
    """What turns the templates of a package into text; theirs and, as ``shared/``, those of all."""
    shared = PrefixLoader({"shared": PackageLoader(__package__)})
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), shared]),
        autoescape=True,
        finalize=printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"base64": _base64, "lines": _lines, "short": short}
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return made


def printable(value: Any) -> Any:
    """A text without control characters and what is no character at all: these are spelt out.

    Numbers, and ``Markup``, whose parts have been here, come back as they are.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    clean = value.encode("utf-8", "backslashreplace").decode()
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], clean)


def short(name: str) -> str:
    """A name, its end alone if it is very long."""
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"


def _lines(text: str) -> Markup:
    """A text whose lines stay."""
    return Markup("\n").join(printable(line) for line in text.split("\n"))


def _base64(data: bytes) -> Markup:
    return Markup(base64.b64encode(data).decode())  # of letters that mean nothing to HTML
