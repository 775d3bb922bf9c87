"""Where verdicts change, and how often a sure one is wrong.

P(blurred) from which on a model says what, as its bundle has it. Limits and thresholds come from
out-of-fold answers on the labelled real photographs. So, on just those, no more than 1 % of the
other label lie beyond a limit; the last table is of scenes that the limits were not taken from, the
mean of the shuffles of the report on the model.
Example: python benchmarks/verdicts.py
"""

import json
from pathlib import Path
from typing import Any

from _origin import RESULTS, ROOT
from _record import options, recording, run

from blurdct.inference.bundle import NAMES, load
from blurdct.inference.thresholds import VERDICTS

REPORTS = {"best": "best", "fast": "dct-xgb"}  # name -> folder of the report on that model


def main() -> None:
    """Print Markdown tables: limits, thresholds by share, and who got which verdict."""
    parser = options(__doc__)
    args = parser.parse_args()
    models = {name: load(name) for name in NAMES}
    with recording(__file__, __doc__, args, measured=False) as record:
        record.heading("P from which on the verdict is")
        forms = dict.fromkeys(VERDICTS[1:], ".3f")
        table = record.table({"model": "", **forms})
        for name, bundle in models.items():
            at = bundle.thresholds
            table.row(called(name), at.sure_sharp, at.decision, at.sure_blurred)

        record.heading("Threshold for a share of sharp photographs called blurred")
        shares = sorted({share for bundle in models.values() for share in bundle.known_fprs})
        table = record.table({"model": "", **{f"{share:.1%}": ".3f" for share in shares}})
        for name, bundle in models.items():
            table.row(called(name), *(bundle.known_fprs.get(share) for share in shares))

        record.heading("Verdicts on scenes that the limits were not taken from")
        forms = dict.fromkeys(VERDICTS, ".1%")
        table = record.table({"model": "", "photographs": "", "labelled": "", **forms})
        for name, folder in REPORTS.items():
            about, one = report(folder)
            photos = {"blurred": about["blurred"], "sharp": about["photos"] - about["blurred"]}
            for label, verdicts in one["labels"].items():
                table.row(called(name), photos[label], label, *verdicts)


def called(name: str) -> str:
    """A model's two names."""
    return f"`{NAMES[name]}`, called `{name}`"


def report(folder: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """On what a model was judged, and what came out."""
    path = Path(ROOT, RESULTS, "models", folder, "report.json")
    whole = json.loads(path.read_text(encoding="utf-8"))
    (one,) = whole["models"].values()
    return whole["about"], one


if __name__ == "__main__":
    run(main)
