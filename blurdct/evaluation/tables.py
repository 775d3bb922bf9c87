"""The numbers of a comparison -> titled tables, the same for Markdown and HTML."""

from collections.abc import Callable, Iterator
from math import isfinite

from ..inference.thresholds import VERDICTS
from ..metrics import FALSE_POSITIVE_RATES
from ..utils.tables import Cell, Section
from .schema import STRENGTH_THIRDS, Report

MISSING = "-"
Models = dict[str, Report]


def text(value: str) -> Cell:
    """A name."""
    return Cell(value, value)


def number(value: float | None, form: str = ".3f") -> Cell:
    """A number in a Python format; a dash if there is none."""
    if value is None or not isfinite(value):
        return Cell(MISSING, None)
    return Cell(format(value, form), float(value))


def percent(value: float | None) -> Cell:
    """A share 0..1 as per cent."""
    return number(value, ".1%")


def count(value: float | None) -> Cell:
    """How many; with a decimal where a mean of several counts is no whole number."""
    whole = value is not None and isfinite(value) and round(value, 3) == round(value)
    return number(value, ".0f" if whole else ".1f")


def span(low: float | None, high: float | None, form: str = ".3f") -> Cell:
    """An interval."""
    ends = number(low, form), number(high, form)
    if ends[0].value is None:
        return ends[0]
    return Cell(f"{ends[0].text} to {ends[1].text}", ends[0].value)


# A column of the main tables: its key in ``metrics.summary``, its heading, its format.
SUMMARY: dict[str, tuple[str, Callable[[float | None], Cell]]] = {
    "roc_auc": ("ROC AUC", number),
    "average_precision": ("AP", number),
    "accuracy": ("accuracy", number),
    "precision": ("precision", number),
    "recall": ("recall", number),
    "f1": ("F1", number),
    "brier": ("Brier", number),
    "calibration_error": ("ECE", number),
    **{
        f"tpr_at_fpr_{rate:g}": (f"TPR at {100 * rate:g} % FPR", number)
        for rate in FALSE_POSITIVE_RATES
    },
}
HEADS = tuple(head for head, _ in SUMMARY.values())


def title(report: Report) -> str:
    """What to call a comparison."""
    names = list(report["models"])
    return names[0] if len(names) == 1 else f"Comparison of {len(names)} models"


def introduction(report: Report) -> str:
    """How the models were judged, and on what."""
    about = report["about"]
    sources = ", ".join(
        f"{name} ({one['photos']} photographs, {one['blurred']} of them blurred, "
        f"{one['groups']} scenes)"
        for name, one in about["sources"].items()
    )
    alone = ", ".join(f"{name} ({photos})" for name, photos in about["sharp_sources"].items())
    how = (
        f"Grouped cross-validation in {about['folds']} folds: no model has seen the scene it is "
        "judged on; calibration and thresholds come from such answers about the other folds. "
    )
    if about["shuffles"] > 1:
        how += f"It was run {about['shuffles']} times with other folds; figures are the mean."
    else:
        how += "It was run once."
    if not about["folds"]:
        how = "The models are as they were; what they learnt from may be among the photographs."
    return (
        f"Judged on {about['photos']} photographs of {about['groups']} scenes: {sources}. "
        f"{how} Cut-off .5 unless another is named."
        + (f" Sharp photographs for counting false positives alone: {alone}." if alone else "")
    )


def sections(report: Report) -> list[Section]:
    """Every table that there is something to put in; models stand in the report's order."""
    made = [section for make in TABLES for section in make(report)]
    return [section for section in made if section.rows]


def _real(report: Report) -> Iterator[Section]:
    note = (
        "ROC AUC is the chance that a blurred photograph scores above a sharp one (.5 is "
        f"guessing). Its 95 % interval comes from drawing whole scenes {_times(report)} times. In "
        "folds is the mean of each fold's own: higher where models of several folds answer on "
        "scales of their own, which are mixed in the first. AP "
        "is the mean precision over all recalls. Brier and ECE say how far P(blurred) is from the "
        "truth, 0 best. TPR at 1 % FPR is the share of blurred photographs found where 1 % of the "
        "sharp ones are called blurred."
    )
    rows = []
    for name, one in report["models"].items():
        auc, *others = _summary(one["real"])
        folds = number(one["roc_auc_in_folds"])
        rows.append([text(name), auc, span(*one["interval"]), folds, *others])
    head = ("model", HEADS[0], "95 % interval", "in folds", *HEADS[1:])
    yield Section("Real photographs", note, head, rows)


def _against(report: Report) -> Iterator[Section]:
    against = report["against"]
    rows = []
    for name, gap in against["differences"].items():
        low, high = gap["low"], gap["high"]
        verdict = "could be chance"
        if number(low).value is None:
            verdict = MISSING
        elif low > 0 or high < 0:
            verdict = "better" if low > 0 else "worse"
        ends = span(low, high, "+.3f")
        rows.append([text(name), number(gap["roc_auc"], "+.3f"), ends, text(verdict)])
    note = (
        f"ROC AUC of each model less that of {against['model']}, on the same {_times(report)} "
        "drawings of scenes. Where the interval holds 0 the difference could be chance; of twenty "
        "models that are no different, about one will seem so."
    )
    head = ("model", "difference", "95 % interval", "verdict")
    yield Section(f"Difference from {against['model']}", note, head, rows)


def _sources(report: Report) -> Iterator[Section]:
    models, name_of_test = report["models"], "scenes unseen by tuning"
    rows = []
    for source in report["about"]["sources"]:
        for name, one in models.items():
            numbers = one["sources"].get(source)
            if numbers:
                photos = count(numbers["photos"])
                rows.append([text(source), text(name), photos, *_summary(numbers)])
    for name, one in models.items():
        if one["test"]:
            photos = count(one["test"]["photos"])
            rows.append([text(name_of_test), text(name), photos, *_summary(one["test"])])
    note = "The same by where the photographs come from."
    if any(one["test"] for one in models.values()):
        note = "The same by where the photographs come from, and on scenes that no tuning saw."
    yield Section("By source", note, ("photographs", "model", "photos", *HEADS), rows)


def _thresholds(report: Report) -> Iterator[Section]:
    alone = tuple(report["about"]["sharp_sources"])
    rows = []
    for name, one in report["models"].items():
        for at in one["by_threshold"]:
            shares = [percent(at["sharp_sources"].get(source)) for source in alone]
            shares += [percent(at["real_sharp"]), percent(at["real_blurred"])]
            rows.append([text(name), number(at["threshold"], ".2f"), *shares])
    note = (
        "A photograph is called blurred from this P(blurred) on. FPR: share of sharp photographs "
        "called blurred, by source; TPR: share of real blurred photographs found."
    )
    head = (*(f"FPR, {source}" for source in alone), "FPR, real sharp", "TPR, real blurred")
    yield Section("By threshold", note, ("model", "threshold", *head), rows)
    rows = [
        [text(name), *(percent(at["found"]) for at in one["at_false_positive_rate"])]
        for name, one in report["models"].items()
        if one["at_false_positive_rate"]
    ]
    note = (
        f"Share of real blurred photographs found at the threshold where so many of the held-out "
        f"sharp photographs ({', '.join(alone)} together) are called blurred."
    )
    rates = tuple(f"{100 * rate:g} % called blurred" for rate in FALSE_POSITIVE_RATES)
    yield Section("At equal false positives", note, ("model", *rates), rows)


def _sharp_sources(report: Report) -> Iterator[Section]:
    keys = ("scene_unseen_at_0.5", "scene_unseen_blurred",
            "source_unseen_at_0.5", "source_unseen_blurred")  # fmt: skip
    rows = [
        [text(source), text(name), *(percent(one["sharp_sources"][source][key]) for key in keys)]
        for source in report["about"]["sharp_sources"]
        for name, one in report["models"].items()
        if source in one["sharp_sources"]
    ]
    note = (
        "Shares of sharp photographs called blurred, at .5 and by the label. Scene unseen: by "
        "models that saw synthetic copies of other photographs of the source. Source unseen: by "
        f"one that saw none ({MISSING}: not trained)."
    )
    head = ("source", "model", "scene unseen, at .5", "scene unseen, label blurred",
            "source unseen, at .5", "source unseen, label blurred")  # fmt: skip
    yield Section("Sharp photographs called blurred", note, head, rows)


def _copies(report: Report) -> Iterator[Section]:
    models: Models = report["models"]
    found = {(one["kind"], one["strength"]) for model in models.values() for one in model["copies"]}
    columns = sorted(found, key=lambda pair: (pair[0], STRENGTH_THIRDS.index(pair[1])))
    head = ("model", *(f"{kind}, {strength}" for kind, strength in columns))
    what: dict[str, tuple[str, str, Callable[[float | None], Cell]]] = {
        "roc_auc": ("ROC AUC", "ROC AUC against sharp copies of unseen scenes", number),
        "found": ("found at .5", "Share of the blurred copies found at cut-off .5", percent),
    }
    for key, (name, meaning, form) in what.items():
        rows = []
        for model, one in models.items():
            values = {(copy["kind"], copy["strength"]): copy[key] for copy in one["copies"]}
            rows.append([text(model), *(form(values.get(column)) for column in columns)])
        note = f"{meaning}, by kind of blur and third of its strength (first shuffle)."
        yield Section(f"Synthetic blur: {name}", note, head, rows if columns else [])


def _labels(report: Report) -> Iterator[Section]:
    answers = ("sharp", "blurred")
    head = ("model", *(f"{answer}: {label}" for answer in answers for label in VERDICTS))
    rows = [
        [text(name), *(percent(share) for answer in answers for share in one["labels"][answer])]
        for name, one in report["models"].items()
    ]
    note = "What share of the sharp and of the blurred photographs gets which label; ? is doubtful."
    yield Section("Labels", note, head, rows)


def _confusion(report: Report) -> Iterator[Section]:
    head = {
        "true_negative": "sharp, called sharp",
        "false_positive": "sharp, called blurred",
        "false_negative": "blurred, called sharp",
        "true_positive": "blurred, called blurred",
    }
    rows = [
        [text(name), *(count(one["confusion"][key]) for key in head)]
        for name, one in report["models"].items()
    ]
    note = "Real photographs at cut-off .5, mean of the shuffles."
    yield Section("Right and wrong", note, ("model", *head.values()), rows)


def _cost(report: Report) -> Iterator[Section]:
    numbers = {"weights_mb": ".2f", "ms_per_photo": ".1f", "train_seconds": ".0f"}
    rows = []
    for name, one in report["models"].items():
        cells = [number(one["cost"].get(key), form) for key, form in numbers.items()]
        rows.append([text(name), *cells, text(str(one["cost"].get("device") or MISSING))])
    note = "Size of the weights on disk, time per photograph and of one training on all rows."
    head = ("model", "weights, MB", "ms per photo", "training, s", "device")
    known = any(one["cost"] for one in report["models"].values())
    yield Section("Cost", note, head, rows if known else [])


TABLES = (
    _real, _against, _sources, _thresholds, _sharp_sources, _copies, _labels, _confusion, _cost,
)  # fmt: skip


def _summary(numbers: Report) -> list[Cell]:
    return [form(numbers[key]) for key, (_, form) in SUMMARY.items()]


def _times(report: Report) -> str:
    return f"{report['about']['resamples']:,}"
