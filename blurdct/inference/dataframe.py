"""A table with a column of paths (pandas or Polars) -> the same with a verdict in every row."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import ConfigError
from .detector import Detector
from .prediction import Prediction

Row = dict[str, Any]

# What is added, and what its values are: a number that is not known is missing, a text empty.
ADDED = {
    "probability": float,
    "score": float,
    "label": str,
    "sure": bool,
    "reason": str,
    "sharp_fraction": float,
    "evidence": float,
    "blur": float,
    "kind": str,
    "kind_probability": float,
    "note": str,
    "error": str,
}


def score_frame(
    df: Any,
    column: str = "path",
    model: str | os.PathLike[str] | Detector | None = None,
    workers: int | None = 1,
    prefix: str = "",
) -> Any:
    """Judge the photographs that a table names.

    >>> score_frame(pandas.read_csv("photos.csv"), workers=2).query("label == 'blurred'")

    Args:
        df: A pandas or Polars DataFrame; it stays as it is.
        column: Where its paths are. A path that is there twice is judged once.
        model: A name or folder as for ``Detector.load``, which also says what is taken if it is
            left out; or a detector.
        workers: Processes; None for one per core. With more than one, a script needs the usual
            ``if __name__ == "__main__":``.
        prefix: Put before the names of the new columns.

    Returns:
        A table of the same kind, with the same rows in the same order (and index), and after its
        own columns ``probability``, ``score``, ``label``, ``sure``, ``reason``, ``sharp_fraction``,
        ``evidence``, ``blur``, ``kind``, ``kind_probability`` and ``note``, as in ``Prediction``,
        and ``error``: why there is no verdict, such as a missing path or file. Without one, numbers
        and ``sure`` are missing and texts are empty.

    Raises:
        ConfigError: No such column, or one of the new ones is there already.
        ModelError: No such model, or a broken one.
        TypeError: Another kind of table.
    """
    names = list(df.columns) if _library(df) else []
    if names.count(column) != 1:
        known = ", ".join(map(str, names)) or "none"
        raise ConfigError(f"expected one column {column!r}; columns: {known}")
    if taken := [prefix + name for name in ADDED if prefix + name in names]:
        raise ConfigError(f"there already: {', '.join(taken)}; give the new columns a prefix")
    detector = model if isinstance(model, Detector) else Detector.load(model)
    rows = list(_rows(df[column].to_list(), detector, workers))
    added = {prefix + name: [row[name] for row in rows] for name in ADDED}
    return WITH_COLUMNS[_library(df)](df, added, list(ADDED.values()))


def _library(df: Any) -> str:
    """Whose table it is; neither library is imported for it."""
    for name in WITH_COLUMNS:
        if name in sys.modules and isinstance(df, sys.modules[name].DataFrame):
            return name
    kind = type(df).__name__
    hint = "; collect it first" if kind == "LazyFrame" else ""
    raise TypeError(f"expected a DataFrame of pandas or Polars, got {kind}{hint}")


def _rows(values: Sequence[Any], detector: Detector, workers: int | None) -> Iterator[Row]:
    """The new columns' values, row by row."""
    paths = [os.fspath(one) if isinstance(one, (str, os.PathLike)) else "" for one in values]
    photos = list(filter(None, dict.fromkeys(paths)))
    answers = dict(zip(photos, detector.predict_many(photos, workers), strict=True))
    for value, path in zip(values, paths, strict=True):
        row: Row = {name: "" if kind is str else None for name, kind in ADDED.items()}
        answer = answers.get(path)
        if isinstance(answer, Prediction):
            row.update({name: getattr(answer, name) for name in ADDED if name != "error"})
            row["kind"] = answer.kind or ""
        elif answer is not None:
            row["error"] = str(answer).encode("utf-8", "replace").decode()  # columns are UTF-8
        else:
            row["error"] = f"expected a path, got {value!r:.50}"
        yield row


def _with_pandas(df: Any, added: Mapping[str, list[Any]], kinds: Sequence[type]) -> Any:
    import pandas

    dtypes = {float: "float64", str: "str", bool: "boolean"}
    columns = {
        name: pandas.Series(values, dtype=dtypes[kind]).array  # by place, whatever the index
        for (name, values), kind in zip(added.items(), kinds, strict=True)
    }
    return df.assign(**columns)


def _with_polars(df: Any, added: Mapping[str, list[Any]], kinds: Sequence[type]) -> Any:
    import polars

    dtypes = {float: polars.Float64, str: polars.String, bool: polars.Boolean}
    return df.with_columns(
        polars.Series(name, values, dtype=dtypes[kind])
        for (name, values), kind in zip(added.items(), kinds, strict=True)
    )


WITH_COLUMNS: dict[str, Callable[..., Any]] = {"pandas": _with_pandas, "polars": _with_polars}
