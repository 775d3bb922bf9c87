"""``blurdct compare``: models side by side, and its report."""

import json
import shutil
from pathlib import Path

import pytest

from blurdct.evaluation import compare, figures, learn
from blurdct.inference import bundle
from tests.helpers.own_models import REPORT, SCENES, Run, call, names, sourced

pytestmark = pytest.mark.usefixtures("one_core")


@pytest.fixture(scope="module")
def compared(mine: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    out = tmp_path_factory.mktemp("reports") / "compared"
    words = "compare tree laplacian --no-copies --folds 3 --photos {mine} --out {out}"
    return call(words, mine=mine, out=out), out


def test_compare_reports_the_best_first_and_keeps_the_models(compared, mine):
    run, out = compared
    assert run.status == 0
    assert names(out) >= REPORT
    report = json.loads((out / "report.json").read_text())
    assert report["about"]["folds"] == 3 and report["models"].keys() == {"tree", "laplacian"}
    rows = [line.split() for line in run.out.splitlines()[1:-1]]
    assert [row[0] for row in rows] == list(report["models"])
    for row in rows:
        assert row[2] == f"{report['models'][row[0]]['real']['roc_auc']:.3f}"
        assert bundle.load(out / "models" / row[0]).backend == row[0]
    assert rows[0][2] > rows[1][2]
    assert run.out.endswith(f"the report is {out / 'report.html'}\n")
    model = out / "models" / "laplacian"
    assert call("predict {mine} --model {model}", mine=mine, model=model).status == 0


def test_what_a_comparison_has_finished_is_not_done_again(compared, mine, monkeypatch):
    run, out = compared
    learnt: list[str] = []

    def remember(data, name, *rest, **more):
        learnt.append(name)
        return genuine(data, name, *rest, **more)

    genuine = learn.learn_model
    monkeypatch.setattr(compare, "learn_model", remember)
    monkeypatch.setattr(figures, "draw", lambda *_: None)  # it takes longest
    words = "compare tree laplacian --no-copies --folds 3 --photos {mine} --out {out}"
    sheets = {path: path.stat().st_mtime_ns for path in out.glob("models/*/bundle.json")}
    assert len(sheets) == 2
    again = call(words, mine=mine, out=out)
    assert again.status == 0 and learnt == []
    assert {path: path.stat().st_mtime_ns for path in sheets} == sheets
    assert again.out.endswith(run.out)
    call(words.replace("laplacian", "laplacian:C=2"), mine=mine, out=out)
    assert learnt == ["laplacian"] and names(out / "models") >= {"laplacian", "laplacian_C=2"}
    call(f"{words} --seed 1", mine=mine, out=out)
    assert learnt == ["laplacian", "tree", "laplacian"]


def test_a_finished_comparison_is_done_again_by_force(mine, tmp_path, monkeypatch):
    words = "compare laplacian --no-copies --folds 2 --photos {mine} --out {out}"
    call(words, mine=mine, out=tmp_path)
    made = (tmp_path / "models" / "laplacian" / "bundle.json").stat().st_mtime_ns
    again = call(words, mine=mine, out=tmp_path)
    assert "laplacian: nothing has changed; --force runs it anyway" in again.out
    forced = call(f"{words} --force", mine=mine, out=tmp_path)
    assert "nothing has changed" not in forced.out
    assert (tmp_path / "models" / "laplacian" / "bundle.json").stat().st_mtime_ns > made


def test_models_that_are_never_sure_are_reported_on_all_the_same(mine, tmp_path):
    photos = tmp_path / "photos"
    shutil.copytree(mine / "sharp", photos / "sharp")
    (photos / "blurred").mkdir()
    for path in sorted((mine / "sharp").iterdir())[:3]:  # nothing to tell them by
        shutil.copy(path, photos / "blurred" / path.name)
    words = "compare laplacian --no-copies --folds 3 --photos {photos} --out {out}"
    for _ in range(2):  # the second time from what the first has written
        run = call(words, photos=photos, out=tmp_path / "out")
        (line,) = (line for line in run.out.splitlines() if line.startswith("laplacian  "))
        assert run.status == 0 and " - " in line


def test_a_report_counts_every_photo_of_whatever_source(mine, model, tmp_path):
    photos = sourced(mine, tmp_path / "photos", lambda label, scene: "web" if scene < 4 else "mine")
    for path in sorted((photos / "blurred").iterdir())[:4]:
        path.unlink()
    lines = (photos / "manifest.csv").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(tuple(f"blurred/0{n}" for n in range(4)))]
    (photos / "manifest.csv").write_text("\n".join(kept) + "\n")
    words = "evaluate {model} --photos {photos} --json --out {out}"
    run = call(words, model=model, photos=photos, out=tmp_path / "out")
    said = json.loads(run.out)
    (written,) = json.loads((tmp_path / "out" / "report.json").read_text())["models"].values()
    assert said["photos"] == written["real"]["photos"] == 2 * SCENES - 4
    assert said["roc_auc"] == pytest.approx(written["real"]["roc_auc"], abs=1e-4)
    assert "no tuning saw" not in (tmp_path / "out" / "report.md").read_text()
