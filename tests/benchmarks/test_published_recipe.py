"""``benchmarks/published_recipe.py``: each fault has its row."""

import pandas as pd
import pytest

from tests.benchmarks.conftest import ROOT
from tests.helpers import toys


@pytest.fixture
def part(tmp_path):
    """A folder with a few scenes of the recipe's table, their images (toys), and real ones."""
    seed = pd.read_csv(ROOT / "data" / "features_seed.csv")
    some = seed[seed["group"].isin(seed["group"].unique()[:12])]
    some.to_csv(tmp_path / "seed.csv", index=False)
    real = pd.read_csv(ROOT / "data" / "features.csv")
    picked = real[real["source"] == "phone"].head(40)
    picked.to_csv(tmp_path / "real.csv", index=False)
    photos = toys.save_photos(tmp_path / "toys", 1)
    for path, label in zip(some["path"], some["label"], strict=True):
        name = "blurred" if label else "sharp"
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes((photos / name / "00.png").read_bytes())
    return tmp_path


@pytest.mark.slow
def test_each_fault_has_its_row_and_page_and_figures_agree(bench, part):
    tables = ("--features", part / "seed.csv", "--real", part / "real.csv")
    (table,) = bench("published_recipe", *tables, "--images", part).figures["tables"]
    assert len(table["rows"]) == 7
    rows = {name: numbers for name, *numbers in table["rows"]}
    assert all(0 <= value <= 1 for numbers in rows.values() for value in numbers)
    # decisions keep their accuracy; the toys differ by their blur alone, which its features see
    assert rows["fault: ROC AUC of 0/1 decisions"][1] == rows["as it is done here"][1]
    assert rows["fault: 1-D DCT, bands by value"] == [1, 1]


def test_without_images_the_originals_features_have_no_row(run, part):
    tables = ("--features", part / "seed.csv", "--real", part / "real.csv")
    out = "\n".join(run("published_recipe", *tables)[0])
    assert "1-D DCT" not in out and "judged on real photographs" in out
