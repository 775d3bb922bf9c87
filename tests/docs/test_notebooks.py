"""The notebooks are run, top to bottom, and what they draw says what it is."""

import ast
import json
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
        NotebookClient(notebook, timeout=240, kernel_name="python3", resources=resources).execute()
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


@pytest.mark.parametrize("name", PLOTS)
def test_a_committed_notebook_carries_no_outputs(name):
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.metadata["language_info"] == {"name": "python"}  # no version: of all alike
    assert NOTEBOOKS[name].stat().st_size < 60_000


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
    images = [one["data"]["image/png"] for one in outputs if "image/png" in one.get("data", {})]
    assert len(images) == len(figures) == PLOTS[name]
    assert min(map(len, images)) > 10_000


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
