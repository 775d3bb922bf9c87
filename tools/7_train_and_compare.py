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
from blurdct.datasets import load_table, locate, read_csv, telling
from blurdct.datasets.extraction import read_numbers, write_numbers
from blurdct.errors import ConfigError
from blurdct.evaluation import compare_models, views_of
from blurdct.features.summary import SUMMARY
from blurdct.models.nn.fit_context import in_context
from blurdct.training import COLUMNS, TrainingSet, build_training_set
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
    if views == ["features"]:
        known = args.features or args.out / "features.csv"
        stage.digest(known)  # says which stage is to be run first
        data = build_training_set(telling(read_csv(known, COLUMNS)), config)
        files = [] if args.features else locate(data.table, _options.photos_folder(args), args.out)
        places = dict(zip(data.table["path"], files, strict=False))
    elif args.features:
        if views != ["wide"]:
            raise ConfigError(f"--features: of {', '.join(views)} there is no table")
        data, places = _from_numbers(args.features, config), {}
    else:
        stage.digest(args.out / "images.csv")
        table = telling(read_csv(args.out / "images.csv", COLUMNS[:7]))
        folder = _options.photos_folder(args)
        files = locate(table, folder, args.out)
        places = dict(zip(table["path"], files, strict=True))
        found = load_table(table, files, views, read, args.workers, bar, folder)
        if views == ["wide"]:  # a table of which the models can be made again without photographs
            write_numbers(found.table, SUMMARY, found.inputs["wide"], args.out / "wide.parquet")
            data = _from_numbers(args.out / "wide.parquet", config)
        else:
            data = build_training_set(found.table, config, found.inputs, found.masks)
        print(*found.bad, sep="\n", end="\n" if found.bad else "")
    storage = args.storage or f"sqlite:///{args.out / 'study.db'}"
    with in_context(checkpoints=args.out / "checkpoints"):
        report = compare_models(
            data, args.model, args.out, config, read, places, args.trials, storage,
            force=args.force, progress=bar,
        )  # fmt: skip
    for name, one in report["models"].items():
        print("{}: ROC AUC {roc_auc:.4f}, accuracy {accuracy:.4f}".format(name, **one["real"]))


def _from_numbers(path: Path, config: TrainConfig) -> TrainingSet:
    """The 350 numbers of many images, as the file keeps them."""
    table, values = read_numbers(path, SUMMARY)
    return build_training_set(table, config, {"wide": values})


if __name__ == "__main__":
    _options.run(main)
