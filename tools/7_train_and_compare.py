"""Stage 7: images or their features -> tuned models as bundles, and one report on all of them.

Without --trials the parameters are those of the shipped models, which this makes again:
    python tools/7_train_and_compare.py --features data/features.csv
    python tools/7_train_and_compare.py --features data/wide.parquet --model dct-fusion
Other models eat pictures, which are read as stage 3 left them:
    python tools/7_train_and_compare.py --model dct-xgb laplacian tree
"""

from pathlib import Path

import _options

from blurdct.config import ReadConfig, TrainConfig, from_dict
from blurdct.datasets import locate
from blurdct.evaluation import compare_models, views_of
from blurdct.models.nn.fit_context import in_context
from blurdct.training.sources import from_images, from_table
from blurdct.utils import stage
from blurdct.utils.progress import bar


def main() -> None:
    """Tune if asked to, judge by grouped cross-validation, train on all, export, report."""
    parser = _options.options(__doc__)
    add = parser.add_argument
    add("--features", type=Path, help="table instead of images")
    add("--model", nargs="+", metavar="NAME", default=["dct-xgb"], help="models (%(default)s)")
    add("--shuffles", type=int, default=TrainConfig.shuffles, help="cross-validations to average")
    add("--trials", type=int, default=0, help="Optuna trials for each model (%(default)s)")
    add("--storage", help="Optuna storage URL (SQLite in OUT)")
    args = parser.parse_args()
    config, views = TrainConfig(shuffles=args.shuffles), views_of(args.model)
    # the working size that stage 4 read the photographs at; of another table the usual one
    recorded = {} if args.features else stage.settings_of(args.out / "4_coefficients.json")
    read = from_dict(ReadConfig, recorded)
    bad: list[str] = []
    if args.features or views == ["features"]:
        known = args.features or args.out / "features.csv"
        stage.digest(known)  # says which stage is to be run first
        data = from_table(known, views, config)
        files = [] if args.features else locate(data.table, _options.photos_folder(args), args.out)
        places = dict(zip(data.table["path"], files, strict=False))
    else:
        stage.digest(args.out / "images.csv")
        folder = _options.photos_folder(args)
        data, places, bad = from_images(args.out, folder, views, config, read, args.workers, bar)
    print(*bad, sep="\n", end="\n" if bad else "")
    storage = args.storage or f"sqlite:///{args.out / 'study.db'}"
    with in_context(checkpoints=args.out / "checkpoints"):
        report = compare_models(
            data, args.model, args.out, config, read, places, args.trials, storage,
            force=args.force, progress=bar,
        )  # fmt: skip
    for name, one in report["models"].items():
        print("{}: ROC AUC {roc_auc:.4f}, accuracy {accuracy:.4f}".format(name, **one["real"]))


if __name__ == "__main__":
    _options.run(main)
