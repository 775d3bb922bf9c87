"""``blurdct models``: what is in this install."""

from ...errors import ConfigError, ModelError
from .. import output
from ..options import error_line, note

MISSING = "-"


def models() -> None:
    """List the models of this install, the most accurate first, and the names best and fast.

    Accuracy is the share of right labels on labelled photos, each judged by a
    model that had seen none of its scene; ms, milliseconds for a photo where
    that was measured; kB, the size on disk.

    \b
    Example:
      blurdct models
    """
    from ...features.inputs import seen_at
    from ...inference.bundle import MODEL_VARIABLE, NAMES, SHIPPED, load, named, shipped
    from ..summaries import aligned

    if not (names := shipped()):
        raise ConfigError("this install has no models; train one, and name its folder by --model")
    bundles = {name: load(name) for name in names}
    judged = {name: bundle.training.get("judged", {}) for name, bundle in bundles.items()}
    called = {name: short for short, name in NAMES.items()}
    default, usual = named(), named("best")
    marks = {usual: "the default"}
    if default != usual:
        marks = {usual: f"the default without {MODEL_VARIABLE}"}
        marks[default] = f"the default by {MODEL_VARIABLE}"
    rows = []
    for name in sorted(names, key=lambda name: -judged[name].get("accuracy", 0)):
        bundle, found = bundles[name], judged[name]
        words = [called.get(name, ""), marks.get(name, "")]
        size = sum(file.stat().st_size for file in (SHIPPED / name).iterdir()) / 1000
        rows.append(
            [
                name,
                ", ".join(filter(None, words)),
                seen_at(bundle.views, bundle.size),
                _shown(found.get("accuracy"), ".1%"),
                _shown(found.get("roc_auc"), ".3f"),
                _shown(found.get("ms_per_photo"), ".0f"),
                f"{size:,.0f}",
            ]
        )
    for line in aligned(("model", "", "sees", "accuracy", "ROC AUC", "ms", "kB"), rows):
        output.write(line.rstrip())
    if default not in names:
        output.write(f"the default is {default}, as {MODEL_VARIABLE} says")
        try:
            load()
        except ModelError as error:
            note(error_line(error))


def _shown(value: float | None, form: str) -> str:
    return MISSING if value is None else format(value, form)
