"""The notebooks are run: they say what is kept, and what they draw says what it is."""

import ast
import json
import re
import runpy
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from blurdct.datasets.manifest import read_csv
from blurdct.evaluation import model_comparison, model_report
from blurdct.models.registry import BACKENDS
from blurdct.training.training_set import COLUMNS, build_training_set
from blurdct.utils import json_files
from tests.helpers import toy_reports, toys

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
COMPARISON = "3_model_comparison"
PLOTS = {"1_blur_types": 8, "2_precision_recall": 7, COMPARISON: 11}
FOLDERS = {  # to be started in
    "1_blur_types": "tests",
    "2_precision_recall": "data/sample/sharp",
    COMPARISON: "notebooks",
}

GENERATOR = runpy.run_path(str(ROOT / "docs" / "generate_notebooks.py"))
FIGURES = 1_000_000  # characters, of all pictures in all notebooks
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
NEAR = {"rel": 0.05, "abs": 0.03}  # what other versions of libraries may change in a number

# Run before the notebook and after it: figures stay open, and their words are printed.
KEEP = "%config InlineBackend.close_figures = False"
TELL = """
import json
import matplotlib.pyplot as plt

def words(axes):
    place = axes.get_subplotspec()  # none: a colour bar
    return {
        "title": axes.get_title(),
        "x": axes.get_xlabel(),
        "y": axes.get_ylabel(),
        "bar": place is None,
        "top": place is not None and place.is_first_row(),
        "bottom": place is not None and place.is_last_row(),
        "left": place is not None and place.is_first_col(),
        "lines": len(axes.lines) + len(axes.containers),
        "legend": axes.get_legend() is not None,
        "picture": bool(axes.images),
    }

figures = [plt.figure(number) for number in plt.get_fignums()]
print(json.dumps([
    {
        "title": figure.get_suptitle(),
        "x": figure.get_supxlabel(),
        "y": figure.get_supylabel(),
        "legend": bool(figure.legends),
        "axes": [words(axes) for axes in figure.axes],
    }
    for figure in figures
]))
plt.close("all")
"""


def run(name, folder):
    """A notebook as it looks when it was run in a folder, and the words of its figures."""
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(KEEP))
    notebook.cells.append(nbformat.v4.new_code_cell(TELL))
    resources = {"metadata": {"path": str(folder)}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        NotebookClient(
            notebook, timeout=240, startup_timeout=240, kernel_name="python3", resources=resources
        ).execute()
    told = "".join(one["text"] for one in notebook.cells[-1].outputs if "text" in one)
    return notebook, json.loads(told)


@pytest.fixture(scope="module")
def executed():
    """Run a notebook, once."""
    done = {}

    def answer(name):
        if name not in done:
            done[name] = run(name, ROOT / FOLDERS[name])
        return done[name]

    return answer


def test_the_notebooks_are_those_expected():
    assert list(NOTEBOOKS) == list(PLOTS) == list(FOLDERS)


def pictures(cells):
    """The PNG files, in base64, among the outputs of cells."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [one["data"]["image/png"] for one in outputs if "image/png" in one.get("data", {})]


def texts(cell):
    """What a cell printed and showed, in words, each run of white space as one space."""
    shown = [one.get("text", one.get("data", {}).get("text/plain", "")) for one in cell.outputs]
    return [re.sub(r"\s+", " ", text).strip() for text in shown]


@pytest.mark.parametrize("name", PLOTS)
def test_a_committed_notebook_has_the_outputs_of_the_cells_that_it_has(name):
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert len(pictures(code)) == PLOTS[name]
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert kinds <= {"stream", "display_data", "execute_result"}  # no error
    again = "run: python docs/generate_notebooks.py"
    assert notebook.metadata[GENERATOR["SOURCES"]] == GENERATOR["digest"](notebook), again


@pytest.mark.parametrize("name", PLOTS)
def test_a_committed_notebook_tells_nothing_of_the_machine_it_was_run_on(name):
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info", GENERATOR["SOURCES"]}
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.metadata["language_info"] == {"name": "python"}  # no version: of all alike
    words = "".join(text for cell in notebook.cells if "outputs" in cell for text in texts(cell))
    assert str(ROOT) not in words


def test_the_figures_of_all_notebooks_are_under_a_megabyte():
    cells = [nbformat.read(path, as_version=4).cells for path in NOTEBOOKS.values()]
    sizes = [len(picture) for some in cells for picture in pictures(some)]
    assert min(sizes) > 3000
    assert sum(sizes) < FIGURES


@pytest.mark.parametrize("name", PLOTS)
def test_a_notebook_explains_itself_between_its_cells(name):
    cells = nbformat.read(NOTEBOOKS[name], as_version=4).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    headings = [cell for cell in cells[1:] if cell.source.startswith("## ")]
    assert len(headings) >= PLOTS[name] - 1


@pytest.mark.parametrize("name", PLOTS)
def test_a_notebook_takes_only_what_the_package_offers(name):
    cells = nbformat.read(NOTEBOOKS[name], as_version=4).cells
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    imported = [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    ]
    ours = [node for node in imported if node.module.startswith("blurdct")]
    assert ours
    assert not [one.name for node in ours for one in node.names if one.name.startswith("_")]


@pytest.mark.slow
@pytest.mark.parametrize("name", PLOTS)
def test_a_notebook_runs_from_any_folder_of_the_checkout_and_draws(executed, name):
    notebook, figures = executed(name)
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    # also a warning is an error here: it would stand between the plots
    assert [one["text"] for one in outputs if one.get("name") == "stderr"] == []
    images = pictures(notebook.cells)
    assert len(images) == len(figures) == PLOTS[name]
    assert min(map(len, images)) > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("name", PLOTS)
def test_a_notebook_says_what_its_committed_outputs_say(executed, name):
    kept = [one for one in nbformat.read(NOTEBOOKS[name], as_version=4).cells if "outputs" in one]
    found = [cell for cell in executed(name)[0].cells[1:-1] if "outputs" in cell]
    for before, now in zip(kept, found, strict=True):
        for old, new in zip(texts(before), texts(now), strict=True):
            assert NUMBER.sub("#", old) == NUMBER.sub("#", new), before.id
            numbers = [
                [float(number.replace(",", "")) for number in NUMBER.findall(text)]
                for text in (old, new)
            ]
            assert numbers[1] == pytest.approx(numbers[0], **NEAR), before.id
        assert len(pictures([before])) == len(pictures([now])), before.id


@pytest.mark.slow
@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_has_its_title_labels_and_legend(executed, name):
    for figure in executed(name)[1]:
        panels = [one for one in figure["axes"] if not one["bar"]]
        assert panels
        assert all(figure["title"] or one["title"] for one in panels)
        assert all(one["title"] for one in panels if one["top"])
        assert all(figure["x"] or one["x"] for one in panels if one["bottom"])
        assert all(figure["y"] or one["y"] for one in panels if one["left"])
        # lines are told apart by a legend, colours of a picture by the label of a colour bar
        assert all(one["x"] or one["y"] for one in figure["axes"] if one["bar"])
        drawn = [one for one in panels if one["lines"] and not one["picture"]]
        assert not drawn or figure["legend"] or any(one["legend"] for one in drawn)


@pytest.mark.slow
@pytest.mark.parametrize("names", [[*BACKENDS, "resnet18:task=level"], ["laplacian"]])
def test_the_comparison_takes_any_models(tmp_path, names):
    data = build_training_set(read_csv(ROOT / "data" / "features.csv", COLUMNS), toy_reports.QUICK)
    reports = {}
    for seed, name in enumerate(names):
        judged = toy_reports.judge(data, 0.4 + 0.2 * seed, seed)
        bundle = toys.bundle(backend=name.partition(":")[0])
        # nobody measured the second's speed
        cost = {**toy_reports.COST, "ms_per_photo": None if seed == 1 else 1.5 + seed}
        reports[name] = model_report.report_on(data, judged, bundle, cost=cost)
    whole = model_comparison.side_by_side(reports, data, toy_reports.QUICK)
    folder = tmp_path / "benchmarks" / "results" / "models" / "comparison"
    folder.mkdir(parents=True)
    (tmp_path / "data").mkdir()
    json_files.write_json(whole, folder / "report.json")
    shutil.copy(ROOT / "data" / "features.csv", tmp_path / "data")
    notebook, figures = run(COMPARISON, tmp_path)
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    assert [one["text"] for one in outputs if one.get("name") == "stderr"] == []
    assert len(figures) == PLOTS[COMPARISON]
    tables = "".join(one["data"].get("text/html", "") for one in outputs if "data" in one)
    assert all(f"<th>{name}</th>" in tables for name in names)
