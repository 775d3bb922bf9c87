"""Stage 7: feature table -> tuned model as a bundle, and the report on it.

Without --trials the parameters are those of the shipped model, which this makes again:
    python tools/7_train_and_compare.py --features data/features.csv
"""

import dataclasses
from pathlib import Path

from blurdct import report, stage
from blurdct.config import ReadConfig, TrainConfig, from_dict
from blurdct.dataset import read_csv
from blurdct.models import BACKENDS, backend
from blurdct.progress import bar
from blurdct.training import COLUMNS, cross_validate, examples, judge_unseen, train
from blurdct.tuning import best_parameters, tune

OUTPUTS = ("bundle.json", "model.onnx", "report.json", "report.md", "report.png")


def main() -> None:
    """Tune if asked to, judge by grouped cross-validation, train on all, export, report."""
    parser = stage.options(__doc__)
    parser.add_argument("--features", type=Path, help="table (OUT/features.csv)")
    parser.add_argument("--model", choices=list(BACKENDS), default="dct-xgb")
    parser.add_argument("--trials", type=int, default=0, help="Optuna trials (%(default)s)")
    parser.add_argument("--storage", help="Optuna storage URL (SQLite in OUT)")
    args = parser.parse_args()
    features, config = args.features or args.out / "features.csv", TrainConfig()
    out = args.out / "models" / args.model
    # the working size that stage 4 read the photographs at; of another table the usual one
    recorded = {} if args.features else stage.settings_of(args.out / "4_coefficients.json")
    read = from_dict(ReadConfig, recorded)
    settings = {"train": dataclasses.asdict(config), "trials": args.trials, "size": read.size}
    settings |= {"defaults": backend(args.model)().parameters}
    step = stage.Stage(out / "7_train.json", settings, [features])
    if not step.begin(force=args.force):
        return
    data = examples(read_csv(features, COLUMNS), config)
    parameters = None
    if args.trials > 0:
        storage = args.storage or f"sqlite:///{args.out / 'study.db'}"
        unseen_by_test = data.select((data.table["split"] != "test").to_numpy())
        study = tune(unseen_by_test, args.model, args.trials, config, storage, bar)
        parameters = best_parameters(study)
        print(f"best of {len(study.trials)} trials: ROC AUC {study.best_value:.4f}, {parameters}")
    judged = cross_validate(data, args.model, parameters, config, bar)
    bundle, model = train(data, args.model, parameters, config, read, judged)
    unseen = judge_unseen(data, args.model, parameters, bundle.calibration)
    summary = report.evaluate(data, judged, unseen, bundle)
    bundle.save(out)
    report.write_json(summary, out / "report.json")
    report.write_markdown(summary, out / "report.md")
    report.draw(data, judged, model, out / "report.png")
    step.finish(*(out / name for name in OUTPUTS))
    print("{}: ROC AUC {roc_auc:.4f}, accuracy {accuracy:.4f}".format(out, **summary["real"]))


if __name__ == "__main__":
    stage.run(main)
