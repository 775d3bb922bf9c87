"""The style of an HTML page, its one script, and the policy that lets nothing else in."""

import base64
import hashlib
import re
from html import escape
from typing import Any

# What would break a line, end a text or turn letters around.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")

CSS = """
:root { --ground: #fff; --text: #1b1d21; --soft: #5b616b; --line: #d9dce1; --stripe: #f4f5f7;
  --link: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14161a; --text: #e4e6ea; --soft: #a2a8b3; --line: #363b44; --stripe: #1c1f25;
    --link: #7db8f5; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 90rem; background: var(--ground);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .3rem; }
p { max-width: 46rem; margin: .4rem 0 .8rem; color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; }
a { color: var(--link); padding: .15rem 0; }
.wide { overflow: auto; width: fit-content; max-width: 100%; max-height: 85vh;
  border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 0; font-size: .88rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: left; font-weight: normal; white-space: nowrap; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--stripe); padding: 0;
  vertical-align: bottom; border-bottom: 1px solid var(--line); white-space: normal; }
thead .number { min-width: 5.2rem; }
tbody th { position: sticky; left: 0; background: var(--ground); min-width: min(9.5rem, 26vw);
  max-width: 13rem; white-space: normal; overflow-wrap: anywhere;
  border-right: 1px solid var(--line); }
tbody tr:nth-child(even) > * { background: var(--stripe); }
.number { text-align: right; }
button { all: unset; box-sizing: border-box; display: block; width: 100%; cursor: pointer;
  padding: .4rem .6rem; font-weight: 600; line-height: 1.25; }
button:hover { text-decoration: underline; }
button:focus-visible, .wide:focus-visible, summary:focus-visible { outline: 2px solid var(--link);
  outline-offset: -2px; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr));
  gap: 1rem; }
svg { display: block; width: 100%; height: auto; color: var(--text); stroke-linejoin: round; }
svg text { font-family: system-ui, sans-serif !important; }
details { border-top: 1px solid var(--line); padding: .2rem 0; }
summary { cursor: pointer; padding: .5rem 0; font-weight: 600; overflow-wrap: anywhere; }
pre { max-height: 12rem; overflow: auto; font-size: .78rem; line-height: 1.35; padding: .6rem;
  background: var(--stripe); white-space: pre-wrap; overflow-wrap: anywhere; }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr));
  gap: .8rem; margin: 1rem 0; }
figure { margin: 0; font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; }
img, .none { width: 100%; height: 120px; object-fit: contain; display: grid;
  place-items: center; background: var(--stripe); color: var(--soft); margin-bottom: .3rem; }
figcaption { color: var(--soft); }
figcaption b { color: var(--text); }
footer { margin: 3rem 0 1rem; color: var(--soft); font-size: .85rem; }
"""

# Click a heading: numbers fall at first, names rise; what has no number stays below.
SCRIPT = """
"use strict";
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const value = (row) => row.cells[column].dataset.value;
    const rows = [...body.rows], numbers = rows.every((row) => !isNaN(value(row)));
    const sorted = head.getAttribute("aria-sort");
    const falling = sorted ? sorted === "ascending" : numbers;
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    rows.sort((one, two) => {
      const x = value(one), y = value(two);
      if (x === "" || y === "") return (x === "") - (y === "");
      return (numbers ? x - y : x.localeCompare(y)) * (falling ? -1 : 1);
    });
    body.append(...rows);
  }));
}
"""


def policy(*scripts: str) -> str:
    """What a page may load: pictures and style that stand in it, and these very scripts."""
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts
    ]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"


def head(title: str, css: str, *scripts: str) -> str:
    """The start of a page, up to its body: title (text for HTML), style, and what it may run."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{policy(*scripts)}">
<title>{title} - blurdct</title>
<style>{css}</style>
</head>"""


def table(key: str, title: str, note: str, heads: str, rows: str) -> str:
    """A section of a page that is a table; all of it is HTML already."""
    return f"""<section id="{key}">
<h2>{title}</h2>
<p>{note}</p>
<div class="wide" role="region" tabindex="0" aria-label="{title}">
<table>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
</section>"""


def text(value: Any) -> str:
    """Text for HTML: nothing in it is markup, a control character or no character at all."""
    clean = str(value).encode("utf-8", "backslashreplace").decode()
    return escape(_CONTROL.sub(lambda found: ascii(found[0])[1:-1], clean))
