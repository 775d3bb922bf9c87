"""What templates make of texts, and what a page lets in."""

import base64
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

import blurdct
from blurdct.utils.html import LONGEST, asset, environment, policy, short
from blurdct.utils.tables import Cell, Section

PACKAGE = Path(blurdct.__file__).parent
PHOTO = PACKAGE.parent / "data/sample/sharp/dog_in_woods.jpg"
ASSETS = sorted(PACKAGE.glob("*/assets/*"))
TEMPLATES = sorted(PACKAGE.glob("*/templates/*"))


def made(template: str, **values: object) -> str:
    return environment("blurdct.report").from_string(template).render(**values)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<b title='x'>&\"", "&lt;b title=&#39;x&#39;&gt;&amp;&#34;"),
        ("a\x00b\nc\x85", "a\\x00b\\nc\\x85"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("a\udcffb", "a\\udcffb"),
        ("写真 é", "写真 é"),
        (1234.5, "1234.5"),
    ],
)
def test_whatever_a_template_is_given_is_text_and_can_be_seen(given, shown):
    assert made("{{ x }}", x=given) == shown
    assert made("{% macro f(x) %}<i>{{ x }}</i>{% endmacro %}{{ f(x) }}", x=given) == (
        f"<i>{shown}</i>"
    )
    assert made("{{ x | lines }}", x=f"{given}") == shown.replace("\\n", "\n")
    made("{{ x }}", x=given).encode()


def test_markup_stays_as_it_is():
    assert made("{{ x }}", x=Markup("<b>\n</b>")) == "<b>\n</b>"


def test_data_cannot_end_the_element_that_it_stands_in():
    assert made("{{ x | tojson }}", x={"a": ["</script>", 1]}) == (
        '{"a":["\\u003c/script\\u003e",1]}'
    )


def test_what_is_missing_is_an_error():
    for template in ("{{ nothing }}", "{{ x.nothing }}", "{% if nothing %}{% endif %}"):
        with pytest.raises(UndefinedError, match="nothing"):
            made(template, x={})


def test_of_a_long_name_the_end_is_shown():
    assert short("a" * LONGEST) == "a" * LONGEST
    assert short(LONGEST * "a" + "b.jpg") == "…" + (LONGEST - 6) * "a" + "b.jpg"
    assert made("{{ x | short }}", x="<" * 999) == "…" + (LONGEST - 1) * "&lt;"


def test_a_policy_lets_in_the_very_scripts():
    digest = base64.b64encode(hashlib.sha256(b"one()").digest()).decode()
    told = policy("one()", "two()")
    assert told.startswith("default-src 'none'; ")
    assert f"'sha256-{digest}'" in told.partition("script-src")[2]
    assert "unsafe-inline" not in told.partition("script-src")[2]
    assert policy("one() ", "two()") != told


def test_columns_hold_numbers_or_words_and_the_first_one_names():
    rows = [
        [Cell("a", "a"), Cell("-", None), Cell("7", 7), Cell("x", "x")],
        [Cell("3", 3), Cell("1", 1.0), Cell("8", 8), Cell("-", None)],
    ]
    section = Section("T", "", ("name", "n", "m", "why"), rows)
    assert section.columns == [("name", False), ("n", True), ("m", True), ("why", False)]
    assert Section("T", "", ("name", "n"), []).columns == [("name", False), ("n", True)]


def test_a_verdict_does_not_wait_for_templates():
    code = f"""
import sys
from blurdct.cli.app import main
try:
    main(["predict", {str(PHOTO)!r}])
except SystemExit as end:
    print(end.code, sorted({{"jinja2", "markupsafe"}} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_switches_escaping_off(path):
    text = path.read_text(encoding="utf-8")
    assert path.name.endswith(".html.j2")
    code = " ".join(re.findall(r"{[{%].*?[%}]}", text, re.DOTALL))
    assert not re.search(r"\bsafe\b|\bautoescape\b|\|\s*(e|escape|forceescape)\b", code)


@pytest.mark.parametrize("path", ASSETS, ids=lambda path: path.name)
def test_an_asset_can_stand_in_a_page(path):
    text = asset(f"blurdct.{path.parents[1].name}", path.name)
    assert text == path.read_text(encoding="utf-8")
    assert "</" not in text and "<!--" not in text
    assert not re.search("https?:|@import|url\\(", text)
