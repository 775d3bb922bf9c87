"""How Sphinx builds these pages: ``make docs``."""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from docutils import nodes
from sphinx.application import Sphinx

import blurdct

project = "blurdct"
author = "The blurdct authors"
copyright = author
release = version = blurdct.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["figures/*.py"]

smartquotes = False  # they make a dash of --option, and curl the quotes of a shell
myst_heading_anchors = 4
myst_links_external_new_tab = False

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False  # shape and type stand with what is returned
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
python_maximum_signature_line_length = 80

html_theme = "furo"
html_title = "blurdct"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options: dict[str, object] = {"top_of_page_buttons": []}  # no repository to view
pygments_style = "friendly"
pygments_dark_style = "monokai"

SHORT = 14  # letters of a cell that stays on one line


def setup(app: Sphinx) -> None:
    """Leave out scikit-learn's machinery; have signatures, and names in tables, easy to read."""
    app.connect("autodoc-skip-member", _skipped)
    app.connect("autodoc-process-signature", _readable)
    app.connect("doctree-resolved", _short_cells)


def _skipped(app: Sphinx, kind: str, name: str, *rest: object) -> bool | None:
    return True if name.startswith("set_") and name.endswith("_request") else None


def _readable(app: Sphinx, kind: str, name: str, *rest: Any) -> tuple[str | None, str | None]:
    """A signature without ``<function silent>``, which is no Python and so not laid out as such."""
    signature, returned = rest[-2:]
    if signature:
        signature = re.sub(r"<factory>|<function <lambda>>", "...", signature)
        signature = re.sub(r"<function (\w+)>", r"\1", signature)
    return signature, returned


def _short_cells(app: Sphinx, page: nodes.document, name: str) -> None:
    """Mark cells such as ``dct-xgb``, which browsers would break at the hyphen."""
    for cell in page.findall(nodes.entry):
        if len(cell.astext()) <= SHORT:
            cell["classes"].append("short")
