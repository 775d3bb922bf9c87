"""The notebooks with their outputs: each is run, top to bottom, and what it says and draws is kept.

Figures are kept small: no wider than a page, in few colours. What differs from run to run though
nothing has changed (times, versions) is left out.

Example: python docs/generate_notebooks.py
"""

import argparse
import base64
import hashlib
import io
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
WIDTH, COLOURS = 820, 64  # of a figure: pixels, and how many there are
MANY = 50_000  # colours: a figure that has more is made of photographs
SOURCES = "sources_sha256"  # in the metadata: of the cells that the outputs are of
SECONDS = 600  # that a cell may take


def main() -> None:
    """Run them, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="without .ipynb; all if left out")
    args = parser.parse_args()
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not args.names or path.stem in args.names:
            nbformat.write(run(path), path)
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def run(path: Path) -> Any:
    """A notebook with its outputs, as it is to be committed."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata = {}
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=SECONDS, resources=resources, record_timing=False)
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if picture := output.get("data", {}).get("image/png"):
                output.data["image/png"] = small(picture)
    notebook.metadata = {
        "kernelspec": notebook.metadata["kernelspec"],
        "language_info": {"name": "python"},
        SOURCES: digest(notebook),
    }
    return notebook


def small(picture: str) -> str:
    """A PNG in base64, reduced in size and colours."""
    with Image.open(io.BytesIO(base64.b64decode(picture))) as opened:
        image = opened.convert("RGB")
    if image.width > WIDTH:
        size = (WIDTH, round(image.height * WIDTH / image.width))
        image = image.resize(size, Image.Resampling.LANCZOS)
    # thin lines keep their colours by the one, smooth skies by the other
    drawn = image.getcolors(MANY) is not None
    method = Image.Quantize.MAXCOVERAGE if drawn else Image.Quantize.MEDIANCUT
    file = io.BytesIO()
    image.quantize(COLOURS, method, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def digest(notebook: Any) -> str:
    """SHA-256 of what stands in the cells."""
    return hashlib.sha256("\n\n".join(cell.source for cell in notebook.cells).encode()).hexdigest()


if __name__ == "__main__":
    main()
