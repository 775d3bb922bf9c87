"""The published recipe and its faults, one by one, under the same grouped folds.

Reads data/features_seed.csv (the recipe ``seed`` of stage 3 over sharp photographs) and tests what
it teaches on the real photographs of data/features.csv. The original's own features, a 1-D DCT with
bands by value, are computed from the images that stage 3 wrote with ``--recipe seed``.
Example: python benchmarks/published_recipe.py
         python benchmarks/published_recipe.py --images data/run
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from _origin import ROOT
from _record import Table, options, recording, run
from scipy.fft import dct

from blurdct import metrics
from blurdct.config import TrainConfig
from blurdct.datasets.manifest import read_csv
from blurdct.datasets.splits import folds
from blurdct.features.blocks import unfold
from blurdct.images.reader import read_luma
from blurdct.models.registry import backend
from blurdct.parallel.pool import ordered_map
from blurdct.training.cross_validation import cross_validate
from blurdct.training.training_set import COLUMNS, TrainingSet, build_training_set
from blurdct.utils.progress import bar

DATA = ROOT / "data"


def main() -> None:
    """Print a Markdown table: each fault alone, ROC AUC and accuracy."""
    parser = options(__doc__)
    parser.add_argument("--features", type=Path, default=DATA / "features_seed.csv")
    parser.add_argument("--real", type=Path, default=DATA / "features.csv")
    parser.add_argument("--images", type=Path, help="stage 3's folder, for the original's features")
    args = parser.parse_args()
    with recording(__file__, __doc__, args) as record:
        forms = {"ROC AUC": ".3f", "accuracy": ".3f"}
        measure(record.table({"recipe `seed`, scenes held out": "", **forms}), args)


def measure(table: Table, args: argparse.Namespace) -> None:
    """A row for each fault."""
    config = TrainConfig(shuffles=1)
    data = build_training_set(read_csv(args.features, COLUMNS), config)
    p = cross_validate(data, "dct-xgb", None, config).p[0]
    show(table, "as it is done here", data.y, p)
    show(table, "fault: ROC AUC of 0/1 decisions", data.y, (p >= 0.5).astype(float))
    apart = data.table.assign(group=[str(row) for row in range(len(data.y))])
    p = cross_validate(build_training_set(apart, config), "dct-xgb", None, config).p[0]
    show(table, "fault: a photo and its copies split apart", data.y, p)
    p = cross_validate(data, "dct-xgb", {"rounds": 1}, config).p[0]
    show(table, "fault: one boosting round", data.y, p)
    if args.images:
        paths = [args.images / path for path in data.table["path"]]
        values = np.array(list(bar(ordered_map(original_features, paths), len(paths), "images")))
        plain(table, data, values, config, "fault: 1-D DCT, bands by value")
        unit = values / np.linalg.norm(values, axis=1, keepdims=True)
        plain(table, data, unit, config, "the same, rows scaled to unit length")
    real = build_training_set(read_csv(args.real, COLUMNS), config)
    model = backend("dct-xgb")().fit(data.rows)
    p = model.predict_proba(real.take(real.real))
    show(table, "trained on the recipe, judged on real photographs", real.y[real.real], p)


def original_features(path: Path) -> np.ndarray:
    """18 features of the original: a block's 64 pixels as one line, bands by coefficient value."""
    from scipy.stats import kurtosis, skew

    line = unfold(read_luma(path)).astype(np.float64)  # (64, N)
    bands = np.array_split(np.sort(dct(line, axis=0, norm="ortho")[1:], axis=0), 3)
    statistics = []
    with np.errstate(all="ignore"):
        for band in bands:
            power = band * band
            share = power / power.sum(axis=0)
            entropy = -np.nansum(share * np.log(share), axis=0)
            shape = (kurtosis(band), skew(band))
            statistics += [band.mean(axis=0), band.std(axis=0), power.sum(axis=0), *shape, entropy]
        return np.array([np.nanmean(np.nan_to_num(one)) for one in statistics])


def plain(
    table: Table, data: TrainingSet, values: np.ndarray, config: TrainConfig, name: str
) -> None:
    """XGBoost on these very columns, without the contrasts, which would mean nothing here."""
    import xgboost

    parameters = {"objective": "binary:logistic", "max_depth": 4, "learning_rate": 0.05}
    fit = partial(xgboost.train, parameters, num_boost_round=500)
    p = np.zeros(len(data.y))
    for learn, judge in folds(data.groups, data.y.astype(str), config.folds, config.seed):
        booster = fit(xgboost.DMatrix(values[learn], data.y[learn]))
        p[judge] = booster.predict(xgboost.DMatrix(values[judge]))
    show(table, name, data.y, p)


def show(table: Table, name: str, y: np.ndarray, p: np.ndarray) -> None:
    """One row."""
    table.row(name, metrics.roc_auc(y, p), np.mean((p >= 0.5) == y))


if __name__ == "__main__":
    run(main)
