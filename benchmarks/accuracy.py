"""How often models are right, and how long they take.

Labelled real photographs, judged by models that have not seen their scenes (grouped
cross-validation): ROC AUC and accuracy at P .5 as the report on the model has them, the mean of its
shuffles. Milliseconds are what the shipped models know of themselves, a photo from file to verdict,
measured of all in one run by turns.
Example: python benchmarks/accuracy.py
"""

import json
from pathlib import Path
from typing import Any

from _origin import RESULTS, ROOT
from _record import options, recording, run

from blurdct.errors import ConfigError
from blurdct.inference.bundle import load

COMPARISON = "comparison"
MODELS = {  # what it is -> the report it is taken from, its name there
    "`dct-fusion`, called `best`: the default": ("best", "dct-fusion"),
    "`dct-xgb`, called `fast`": ("dct-xgb", "dct-xgb"),
    "`laplacian`: variance of the Laplacian, threshold fitted": (COMPARISON, "laplacian"),
}


def main() -> None:
    """Print a Markdown table: a row for each model."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--models", type=Path, default=ROOT / RESULTS / "models", help="reports on models")
    args = parser.parse_args()
    reports = {name: read(args.models / name / "report.json") for name, _ in MODELS.values()}
    about = reports[COMPARISON]["about"]
    with recording(__file__, __doc__, args, measured=False) as record:
        scenes = sum(source["groups"] for source in about["sources"].values())
        photos = sum(source["photos"] for source in about["sources"].values())
        record.say(f"{photos:,} photographs of {scenes} scenes:")
        forms = {"ROC AUC": ".3f", "accuracy at .5": ".3f", "ms per photo": ".1f", "shuffles": ""}
        table = record.table({"model": "", **forms})
        for words, (folder, name) in MODELS.items():
            one = reports[folder]["models"][name]
            real, shuffles = one["real"], one["training"]["config"]["shuffles"]
            taken = load(name).training["judged"]["ms_per_photo"]
            table.row(words, real["roc_auc"], real["accuracy"], taken, shuffles)


def read(path: Path) -> dict[str, Any]:
    """A report that stage 7 or ``blurdct compare`` wrote."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path}: not a report") from error


if __name__ == "__main__":
    run(main)
