"""What scikit-learn calls X and y -> photographs or features, classes, weights."""

import os
from typing import Any

import numpy as np

from ..errors import ImageError
from ..features.bands import FEATURES
from ..images.arrays import is_pixels
from ..images.reader import Source


def photographs(X: Any) -> list[Any]:  # noqa: N803
    """The n photographs that X stands for; nothing is read yet.

    Args:
        X: A list of what ``images.read_luma`` takes, in any mixture; an array, a column or a frame
            of one column (pandas, Polars) of them; or pixels, (n, H, W) or (n, H, W, 3 or 4).

    Raises:
        ValueError: One photo, a table of numbers, or nothing that has parts.
    """
    if hasattr(X, "columns"):
        X = X.to_numpy()  # noqa: N806
    if isinstance(X, np.ndarray):
        if X.ndim == 2 and X.shape[1] == 1:
            X = X[:, 0]  # noqa: N806
        if X.ndim not in (1, 3, 4):
            raise ValueError(f"expected n photographs, got an array of shape {X.shape}")
    elif isinstance(X, (str, bytes, bytearray, os.PathLike)) or not hasattr(X, "__iter__"):
        raise ValueError(f"expected n photographs, got one {type(X).__name__}")
    return list(X)


def opened(photo: Any, number: int) -> tuple[Source, str | None]:
    """One of them as ``images.read_luma`` takes it, and what errors call it if it has no path.

    Raises:
        ImageError: It is something else, such as a missing value.
    """
    if isinstance(photo, (str, os.PathLike)):
        return photo, None
    if isinstance(photo, (bytes, bytearray)) or is_pixels(photo) or hasattr(photo, "read"):
        return photo, f"photo {number}"
    kind = type(photo).__name__
    raise ImageError(f"photo {number}: expected a path, bytes, open file or array, got {kind}")


def feature_table(X: Any) -> np.ndarray | None:  # noqa: N803
    """The features that X holds, shape (n, 18), float64; None if it holds photographs.

    Args:
        X: An array of 18 columns in the order of ``FEATURES``, a frame that has them among its
            columns, or photographs.

    Raises:
        ValueError: A table of something else, of nothing, or of a number that is not finite.
    """
    from sklearn.utils import check_array

    if hasattr(X, "columns"):
        names = list(X.columns)
        if len(names) == 1:
            return None
        missing = [name for name in FEATURES if name not in names]
        if missing:
            raise ValueError(
                f"expected one column of photographs or the 18 features; missing: {missing}"
            )
        X = X[list(FEATURES)]  # noqa: N806
    elif not isinstance(X, np.ndarray) or X.ndim != 2 or X.shape[1] == 1:
        return None
    rows = np.asarray(check_array(X, dtype=np.float64, input_name="X"))
    if rows.shape[1] != len(FEATURES):
        raise ValueError(f"expected photographs or their 18 features, got shape {rows.shape}")
    return rows


def targets(y: Any, sample_weight: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two classes, sorted; and of each of n photographs, which it has and what it counts.

    Args:
        y: Shape (n,), labels of any kind.
        sample_weight: Shape (n,), or None.

    Raises:
        ValueError: Not two classes, a missing label, or weights that are negative or all zero.
    """
    from sklearn.utils import assert_all_finite, check_array, check_consistent_length, column_or_1d
    from sklearn.utils.multiclass import type_of_target

    labels = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    kind = type_of_target(labels, input_name="y", raise_unknown=True)
    classes, codes = np.unique(labels, return_inverse=True)
    if kind != "binary":  # in the words that scikit-learn's checks look for
        raise ValueError(f"Only binary classification is supported. The type of y is {kind}.")
    weights = np.ones(len(codes))
    if sample_weight is not None:
        weights = column_or_1d(check_array(sample_weight, ensure_2d=False, dtype=np.float64))
        check_consistent_length(codes, weights)
        if (weights < 0).any() or not weights.any():
            raise ValueError("sample_weight: expected 0 or more, and not all of them zero")
    if len(np.unique(codes[weights > 0])) < 2:
        raise ValueError(f"expected two classes, got one class: {classes.tolist()}")
    return classes, codes, weights
