"""Images and their model inputs -> rows to learn from: labels, scenes, weights; and extra rows.

Real photographs decide. A row whose ``kind`` is empty is a photo as it was found; those of sources
that have both labels are the *real* rows, on which the first figures rest. Synthetic copies teach
beside them with less weight, and so do photographs of a source that has only sharp ones (taken as
sharp, unchecked), on which false positives are counted. Calibration and thresholds are taken from
both. Without real rows, as after the seed's recipe alone, the copies decide.

Some rows are extra, for backends that learn more from them than others could: varied copies of real
photographs, and photographs that are blurred in part, with masks. Nothing is judged on them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..config import TrainConfig
from ..datasets import manifest
from ..datasets.manifest import EXTRA, LIGHTS, VARIED
from ..errors import ConfigError
from ..features.bands import FEATURES
from ..models.base import Array, Inputs, TrainingRows
from ..models.registry import backend

# What a photo of a source that has only sharp ones counts beside a real one, since a few are soft
# in truth: learning, and deciding on calibration and thresholds, where they outnumber the real.
UNCHECKED, UNCHECKED_DECIDING = 0.25, 0.25
VARIED_WEIGHT = 0.5  # of all varied copies of a real photo together
# What a blurred copy counts by its strength: blur that hardly shows must not make sharp photographs
# suspect.
STRENGTHS, WORTH = (0.0, 0.15, 0.4), (0.02, 0.13, 1.0)
LIGHTS_WEIGHT = 0.5  # of the sharp copies with lights of one photo, and of the blurred ones

COLUMNS = ("path", "label", "group", "split", "source", "kind", "strength", *FEATURES)
PER_ROW = ("y", "groups", "real", "weights", "levels")  # arrays of ``TrainingSet``


@dataclass(frozen=True)
class TrainingSet:
    """A feature table as training takes it: n rows, the same order everywhere.

    Attributes:
        table: The table itself.
        inputs: By name, n rows each.
        y: (n,) 1 blurred, 0 sharp.
        groups: (n,) scene.
        real: (n,) bool; the rows that decide.
        levels: (n,) strength of the blur, 0..9; -1 where only ``y`` is known.
        weights: (n,) what a row counts in training; 0 for those only judged.
        masks: (n, h, w) share of blurred pixels of each cell, NaN where nobody says; or None.
        extra: Rows for backends with ``learns_more`` alone; their ``y`` may be -1: only the mask is
            known. None if there are none.
    """

    table: pd.DataFrame
    inputs: Inputs
    y: Array
    groups: Array
    real: Array
    weights: Array
    levels: Array
    masks: Array | None = None
    extra: "TrainingSet | None" = None

    @property
    def rows(self) -> TrainingRows:
        """What a backend learns from; all but the extra rows."""
        known = (self.inputs, self.y, self.groups, self.weights, self.levels, self.masks)
        return TrainingRows(*known, self.real)

    def take(self, rows: Array) -> Inputs:
        """The inputs of some rows."""
        return {view: values[rows] for view, values in self.inputs.items()}

    def only(self, views: Sequence[str]) -> "TrainingSet":
        """The same rows with these inputs alone, which costs nothing."""
        extra = self.extra and self.extra.only(views)
        return replace(self, inputs={view: self.inputs[view] for view in views}, extra=extra)

    def suited(self, name: str) -> "TrainingSet":
        """The same rows as a backend takes them: its views, and extra rows if it learns more."""
        kind = backend(name)
        data = self.only(kind.views)
        return data if kind.learns_more else replace(data, masks=None, extra=None)

    def select(self, rows: Array) -> "TrainingSet":
        """Some of the rows, with what they weigh here."""
        table = self.table[rows].reset_index(drop=True)
        chosen = {name: getattr(self, name)[rows] for name in PER_ROW}
        masks = None if self.masks is None else self.masks[rows]
        return replace(self, table=table, inputs=self.take(rows), masks=masks, **chosen)


def build_training_set(
    table: pd.DataFrame,
    config: TrainConfig = TrainConfig(),
    inputs: Inputs | None = None,
    masks: Array | None = None,
) -> TrainingSet:
    """Labelled rows of a table of images with their weights.

    Args:
        table: Columns ``COLUMNS``; those of the 18 features only where ``inputs`` are left out.
            Rows with a path in ``mask``, and varied copies, become extra rows.
        config: How to train.
        inputs: By name, a row for each of the table's; the 18 features out of it if left out.
        masks: A row for each of the table's; see ``TrainingSet``.

    Raises:
        ConfigError: Nothing labelled, only one label, another than 0 and 1, or a number that is
            not finite.
    """
    if inputs is None:
        inputs = {"features": _features(table)}
    aside = table["kind"].isin(EXTRA).to_numpy()
    if "mask" in table:
        aside = aside | (table["mask"] != "").to_numpy()
    if aside.any():
        parts = [
            (
                table[rows].reset_index(drop=True),
                {view: values[rows] for view, values in inputs.items()},
                None if masks is None else masks[rows],
            )
            for rows in (~aside, aside)
        ]
        data = build_training_set(parts[0][0], config, parts[0][1], parts[0][2])
        return replace(data, extra=_extra_rows(*parts[1], data))
    labelled = table["label"].notna().to_numpy()
    if not labelled.all():
        masks = None if masks is None else masks[labelled]
        inputs = {view: values[labelled] for view, values in inputs.items()}
    table = table[labelled].reset_index(drop=True)
    y = table["label"].to_numpy(dtype=np.int64)
    if set(y) != {0, 1}:
        labels = ", ".join(map(str, sorted(set(y)))) or "none"
        raise ConfigError(f"expected labels both 0 (sharp) and 1 (blurred), got {labels}")
    for view, values in inputs.items():
        finite = np.isfinite(values).all(axis=1) if values.ndim == 2 else np.ones(len(y), bool)
        if not finite.all():
            worst = table["path"][np.nonzero(~finite)[0][0]]
            raise ConfigError(f"{worst}: a number among its {view} is not finite")
    found = (table["kind"] == "").to_numpy()
    real = np.zeros(len(y), bool)
    real[found] = manifest.deciding(table[found])
    strength = table["strength"].fillna(0).to_numpy(float)
    own = _own_weights(table)
    if real.any():
        # copies of both labels count alike, however many of each were made
        share = np.bincount(y[~found], minlength=2)[y] / max(1, (~found).sum())
        copies = config.copy_weight * 0.5 / np.maximum(share, 1e-9)
        copies = np.minimum(copies, 0.5)  # where one label has few copies, none outweighs a photo
        copies = np.where(y == 1, copies * np.interp(strength, STRENGTHS, WORTH), copies)
        weights = np.where(real, 1.0, np.where(found, UNCHECKED, copies)) * own
    else:
        real, weights = np.ones(len(y), bool), own
    groups = table["group"].to_numpy(dtype=object)
    levels = np.where(y == 0, 0, np.where(found, -1, np.minimum(strength * 10, 9).astype(int)))
    return TrainingSet(table, inputs, y, groups, real, weights, levels, masks)


def judged_alone(data: TrainingSet) -> Array:
    """Shape (n,), bool: photographs of sources that have only sharp ones."""
    return (data.table["kind"] == "").to_numpy() & ~data.real & (data.y == 0)


def deciding(data: TrainingSet) -> tuple[Array, Array]:
    """The rows that calibration and thresholds are taken from, shape (n,), bool, and their weights.

    Photographs that are taken as sharp count a quarter: they would outnumber the others, and P of
    a photo of which nothing is known would say so.
    """
    alone = judged_alone(data)
    return data.real | alone, np.where(alone, UNCHECKED_DECIDING, 1.0)


def with_extra(data: TrainingSet, rows: Array, judged: Sequence[str] = ()) -> TrainingSet:
    """Rows to learn from and extra rows as one, but no extra ones of the scenes that are judged."""
    extra = data.extra
    if extra is None:
        return data.select(rows)
    away = np.isin(extra.groups.astype(str), np.array(judged, dtype=str))
    parts = [(data, np.nonzero(rows)[0]), (extra, np.nonzero(~away & (extra.weights > 0))[0])]
    masks = None
    if extra.masks is not None:
        own = np.full((len(data.y), *extra.masks.shape[1:]), np.nan, extra.masks.dtype)
        both = (own if data.masks is None else data.masks, extra.masks)
        masks = np.concatenate([one[of] for one, (_, of) in zip(both, parts, strict=True)])
    return replace(
        data,
        table=pd.concat([one.table.iloc[of] for one, of in parts], ignore_index=True),
        inputs={
            view: _together([(one.inputs[view], of) for one, of in parts]) for view in data.inputs
        },
        masks=masks,
        extra=None,
        **{name: np.concatenate([getattr(one, name)[of] for one, of in parts]) for name in PER_ROW},
    )


def table_digest(table: pd.DataFrame) -> str:
    """SHA-256 of what a model was trained on."""
    wanted = ("path", "label", "group", "source", "kind", *FEATURES)
    named = table[[name for name in wanted if name in table]]
    return hashlib.sha256(pd.util.hash_pandas_object(named, index=False).to_numpy()).hexdigest()


def data_digest(data: TrainingSet) -> str:
    """SHA-256 of rows, inputs and weights: what a model that learns from them depends on."""
    found = hashlib.sha256(table_digest(data.table).encode())
    for view, values in sorted(data.inputs.items()):
        found.update(f"{view} {values.shape}".encode())
        for row in values:  # a copy of all pictures would take gigabytes
            found.update(np.ascontiguousarray(row).data)
    found.update(data.weights.tobytes() + data.levels.astype(np.int64).tobytes())
    if known := [name for name in ("seen", "blur_kind") if name in data.table]:
        rows = pd.util.hash_pandas_object(data.table[known], index=False)
        found.update(rows.to_numpy().tobytes())
    if data.masks is not None:
        found.update(data.masks.tobytes())
    if data.extra is not None:
        found.update(data_digest(data.extra).encode())
    return found.hexdigest()


def _extra_rows(
    table: pd.DataFrame, inputs: Inputs, masks: Array | None, data: TrainingSet
) -> TrainingSet:
    """Extra rows, beside those that every backend learns from."""
    kind, y = table["kind"].to_numpy(), table["label"].fillna(-1).to_numpy(dtype=np.int64)
    weights = _own_weights(table)  # of photographs with masks
    if np.isin(kind, EXTRA).any():
        original = table["original"]
        real = original.isin(data.table["path"][data.real]).to_numpy()
        # varied copies of other photos count nothing; with lights, sharp and blurred ones alike
        for own, worth in (
            (VARIED, real * VARIED_WEIGHT),
            (LIGHTS, np.full(len(y), LIGHTS_WEIGHT)),
        ):
            for label in (0, 1):
                rows = (kind == own) & (y == label)
                copies = original[rows].value_counts()
                weights[rows] = worth[rows] / original[rows].map(copies).to_numpy(float)
    groups = table["group"].to_numpy(dtype=object)
    none = np.zeros(len(y), bool)
    return TrainingSet(table, inputs, y, groups, none, weights, np.where(y == 0, 0, -1), masks)


def _own_weights(table: pd.DataFrame) -> Array:
    """What the manifest says that each counts, 1 where it says nothing."""
    if "weight" not in table:
        return np.ones(len(table))
    weights: Array = table["weight"].fillna(1).to_numpy(float, copy=True)
    return weights


def _together(parts: list[tuple[Array, Array]]) -> Array:
    """Rows of several arrays as one; maps take gigabytes, so nothing is copied twice."""
    found = np.empty((sum(len(of) for _, of in parts), *parts[0][0].shape[1:]), parts[0][0].dtype)
    start = 0
    for values, of in parts:
        np.take(values, of, axis=0, out=found[start : start + len(of)], mode="clip")
        start += len(of)
    return found


def _features(table: pd.DataFrame) -> Array:
    try:
        return table[list(FEATURES)].to_numpy(dtype=np.float32)
    except ValueError as error:
        raise ConfigError(f"a feature is not a number ({error})") from error
