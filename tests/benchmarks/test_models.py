"""``benchmarks/models.py``: each model has its time, which a bundle can keep."""

import statistics

from blurdct.evaluation import timing
from blurdct.inference.bundle import load


def test_each_model_has_its_median_and_keeps_it_if_asked(bench, photos, models, monkeypatch):
    monkeypatch.setattr(timing, "TIMED", 8)
    monkeypatch.setattr(timing, "UNTIMED", 2)
    monkeypatch.setattr(timing, "cores", lambda: 1)
    one, two = map(str, models)
    words = ("--photos", photos, "--rounds", 3, "--model", one, two)
    answer = bench("models", *words)
    (table,) = answer.figures["tables"]
    assert len(table["rows"]) == 2
    assert all(middle == statistics.median(times) > 0 for _, middle, times in table["rows"])
    assert "judged" not in load(one).training
    kept = bench("models", *words, "--keep").figures["tables"][0]["rows"][0][1]
    assert abs(load(one).training["judged"]["ms_per_photo"] - kept) < 1e-6
    assert load(one).graph == load(two).graph


def test_photographs_that_cannot_be_read_are_refused(refusal, models, tmp_path):
    assert refusal("models", "--photos", tmp_path).endswith(": no photographs in it")
