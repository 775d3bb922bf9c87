"""Reports on models that nobody had to train, and tables that lack something."""

import numpy as np
import pandas as pd

from blurdct.config import TrainConfig
from blurdct.evaluation.model_comparison import side_by_side
from blurdct.evaluation.model_report import report_on
from blurdct.evaluation.schema import Report
from blurdct.training.out_of_fold import OutOfFold
from blurdct.training.training_set import TrainingSet, build_training_set
from tests.helpers import toys

QUICK = TrainConfig(folds=3, shuffles=2)
COST = {"weights_mb": 1.25, "ms_per_photo": 3.5, "train_seconds": 12.0, "device": "CPU, 1 core"}
NOISE = {"dct-xgb": 0.6, "laplacian": 1.5, "resnet18:task=level": 3.0}  # by model


def plain() -> pd.DataFrame:
    return toys.table(30, copies=False, album=False)


def no_sharp_test() -> pd.DataFrame:
    table = toys.table(30)
    sharp_test = (table["split"] == "test") & (table["label"] == 0)
    return table.assign(split=table["split"].mask(sharp_test, "train"))


def copies_alone() -> pd.DataFrame:
    table = toys.table(40)
    return table[table["kind"] != ""].reset_index(drop=True)


def one_kind_per_source() -> pd.DataFrame:
    """No source with both labels, as two folders called sharp and blurred might be."""
    table = plain()
    return table.assign(source=np.where(table["label"] == 1, "blurred", "sharp"))


def blurred_album() -> pd.DataFrame:
    table = toys.table(30)
    return table.assign(label=table["label"].mask(table["source"] == "album", 1))


TABLES = {
    "everything": lambda: toys.table(40),
    "no copies, no source of sharp ones alone": plain,
    "a test split without sharp photographs": no_sharp_test,
    "copies alone": copies_alone,
    "sources of one label each": one_kind_per_source,
    "a source of blurred ones alone": blurred_album,
    "no test split": lambda: plain().assign(split="train"),
    "odd names": lambda: toys.table(30).replace({"street": "a | b\nc", "album": "写真 *x*"}),
}


def judge(data: TrainingSet, noise: float, seed: int = 0) -> OutOfFold:
    """P that know the label, but for noise in their log odds."""
    rng = np.random.default_rng(seed)
    odds = 2.0 * (2 * data.y - 1) + 2 * noise * rng.standard_normal((QUICK.shuffles, len(data.y)))
    p = 1 / (1 + np.exp(-odds))
    return OutOfFold(p, p, np.searchsorted([0.25, 0.75], p, side="right"))


def comparison(table: pd.DataFrame, models: dict[str, float] | None = None) -> Report:
    """Of models by the noise in their P; only the first has a cost and knows an importance."""
    data = build_training_set(table, QUICK)
    reports = {}
    for name, noise in (models or NOISE).items():
        cost, model = (None, None) if reports else (COST, Knowing())
        judged = judge(data, noise, seed=len(reports))
        reports[name] = report_on(data, judged, toys.bundle(), cost=cost, model=model)
    return side_by_side(reports, data, QUICK)


class Knowing:
    """Stands for a model that knows what its columns count."""

    def importance(self) -> dict[str, float]:
        return {"high_freq_mean": 12.5, "<low> $x$": 2.0}
