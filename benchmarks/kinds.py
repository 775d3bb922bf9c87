"""What sharp photographs of other kinds are called: documents, products, faces, screens and more.

None of them was in training, and few photographs there are like them. Each was taken as sharp by
who looked at it beside a crop, so whatever is called blurred here is called so wrongly; their long
sides are up to 960 pixels. Shares are of the photographs that the model says anything about.
Example: python benchmarks/kinds.py --photos kinds --model best fast
"""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from _judging import add_options, chosen, judge_all, verdicts
from _record import options, recording, run

from blurdct.datasets.manifest import list_photos
from blurdct.errors import ImageError
from blurdct.images.reader import read_rgb
from blurdct.inference.thresholds import VERDICTS

KIND = "kinds-"  # sources begin so in the manifest that these figures are of


def main() -> None:
    """Print a Markdown table: by model and kind, who got which verdict."""
    parser = options(__doc__)
    add_options(parser, Path("kinds"), "folder with a manifest.csv; its sources are the kinds")
    args = parser.parse_args()
    models = chosen(args)
    rows = list_photos(args.photos)
    rows = rows[~(rows["label"] == 1).fillna(False)]
    asked = [
        (args.photos / path, kind) for path, kind in zip(rows["path"], rows["source"], strict=True)
    ]
    nothing = f"{args.photos}: no photograph could be judged"
    with recording(__file__, __doc__, args) as record:
        found = judge_all(partial(judge, models=models), asked, args.workers, nothing)
        forms = dict.fromkeys(VERDICTS, ".1%")
        table = record.table({"model": "", "kind": "", "photographs": "", "unknown": "", **forms})
        for number, model in enumerate(models):
            for kind in [*sorted({kind for kind, _ in found}), "all"]:
                told = [one[number] for of, one in found if kind in (of, "all")]
                counts = Counter(map(str, told))
                known = max(1, len(told) - counts["unknown"])
                shares = (counts[verdict] / known for verdict in VERDICTS)
                words = kind.removeprefix(KIND).replace("_", ", ")
                table.row(model, words, len(told), counts["unknown"], *shares)


def judge(question: tuple[Path, str], models: tuple[str, ...]) -> tuple[str, np.ndarray] | str:
    """A photo's kind and every model's verdict, or why there is none."""
    path, kind = question
    try:
        _, found = verdicts([(read_rgb(path), str(path))], models)
    except ImageError as error:
        return str(error)
    return kind, found[0]


if __name__ == "__main__":
    run(main)
