"""Photographs in scikit-learn: ``BlurFeatures`` makes their features, ``BlurClassifier`` judges.

X is n photographs, as ``sklearn.inputs.photographs`` takes them: paths, bytes or arrays.

>>> make_pipeline(BlurFeatures(), HistGradientBoostingClassifier()).fit(paths, y)
>>> BlurClassifier.load("best").predict_proba(paths)[:, 1]  # a shipped model; nothing is learnt
>>> BlurClassifier().fit(paths, y).bundle_.save("own")  # then: blurdct predict --model own
"""

import os
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..config import ReadConfig
from ..errors import ConfigError, ImageError
from ..features.bands import FEATURES
from ..features.extract import image_features
from ..features.photo import Photo
from ..inference.bundle import NAMES, Bundle, Calibration, load as load_bundle, named
from ..inference.detector import Detector
from ..inference.thresholds import Thresholds
from ..utils.installing import install_hint
from .inputs import feature_table, opened, photographs, targets

try:
    from joblib import Parallel, delayed, effective_n_jobs
    from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
    from sklearn.utils import check_consistent_length, gen_even_slices
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError(
        f"blurdct.sklearn needs scikit-learn: {install_hint('train', error)}"
    ) from error

__all__ = ["BlurClassifier", "BlurFeatures"]

Array = np.ndarray
UNREADABLE = ("raise", "nan")


class BlurFeatures(TransformerMixin, BaseEstimator):
    """Photographs -> the 18 features of each. There is nothing to fit.

    Args:
        size: Working size, pixels; see ``ReadConfig``.
        max_pixels: Photographs of more pixels cannot be read.
        unreadable: What becomes of a photo that cannot be read: ``raise``, the ``ImageError`` that
            names it, or ``nan``, a row of NaN.
        n_jobs: Processes, as everywhere in scikit-learn.
    """

    def __init__(
        self,
        size: int = ReadConfig.size,
        max_pixels: int = ReadConfig.max_pixels,
        unreadable: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.size = size
        self.max_pixels = max_pixels
        self.unreadable = unreadable
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Look at the settings alone.

        Raises:
            ConfigError: One is out of its range.
        """
        self._config()
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Features of n photographs.

        Returns:
            Shape (n, 18), float64, columns as ``FEATURES``; or the frame that ``set_output`` asks
            for.

        Raises:
            ImageError: A photo cannot be read.
            ConfigError: A setting is out of its range.
            ValueError: X is no sequence of photographs.
        """
        config, strict = self._config(), self.unreadable == "raise"
        rows = Parallel(n_jobs=self.n_jobs)(
            delayed(_described)(photo, number, config, strict)
            for number, photo in enumerate(photographs(X))
        )
        return np.reshape(np.array(rows, np.float64), (-1, len(FEATURES)))

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """The names in ``FEATURES``."""
        return np.array(FEATURES, dtype=object)

    def _config(self) -> ReadConfig:
        if self.unreadable not in UNREADABLE:
            known = " or ".join(UNREADABLE)
            raise ConfigError(f"unreadable: expected {known}, got {self.unreadable!r}")
        return ReadConfig(self.size, self.max_pixels)

    def __sklearn_tags__(self) -> Any:
        tags = _of_photographs(super().__sklearn_tags__())
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags


class BlurClassifier(ClassifierMixin, BaseEstimator):
    """Photographs -> one of two classes, by a model that learns from yours or by a shipped one.

    X may also be features that are there already: an array (n, 18) in the order of ``FEATURES``, or
    a frame that has them among its columns, such as ``data/features.csv``. P is what the model says
    to what it learnt from, not calibrated: ``CalibratedClassifierCV`` or ``blurdct calibrate`` does
    that. Photographs of one scene belong on one side of a split: ``GroupKFold``.

    Args:
        model: Name of a backend that sees the 18 features: ``dct-xgb``, ``dct-forest`` or
            ``dct-logistic``. Others are made by ``blurdct train`` and loaded.
        parameters: Of the backend, instead of its own.
        size: Working size, pixels; see ``ReadConfig``.
        max_pixels: Photographs of more pixels cannot be read.
        n_jobs: Processes, as everywhere in scikit-learn.

    Attributes:
        classes_: The two labels, sorted.
        blurred_: The one that means blurred: "blurred" if there is such a label, else the second.
        bundle_: The model, which can be saved for the command line.
        detector_: The ``Detector`` around it.
    """

    def __init__(
        self,
        model: str = NAMES["fast"],
        parameters: dict[str, Any] | None = None,
        size: int = ReadConfig.size,
        max_pixels: int = ReadConfig.max_pixels,
        n_jobs: int | None = None,
    ) -> None:
        self.model = model
        self.parameters = parameters
        self.size = size
        self.max_pixels = max_pixels
        self.n_jobs = n_jobs

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str] | None = None,
        *,
        max_pixels: int = ReadConfig.max_pixels,
        n_jobs: int | None = None,
    ) -> Self:
        """A classifier that has learnt already: 0 sharp, 1 blurred.

        scikit-learn's ``clone``, and with it ``cross_val_score``, forgets what an estimator has
        learnt; inside a ``FrozenEstimator`` it stays.

        Args:
            model: A name or folder as for ``Detector.load``, which also says what is taken if it is
                left out.
            max_pixels: As for the class.
            n_jobs: As for the class.

        Raises:
            ModelError: No such model, or a broken one.
        """
        bundle = load_bundle(model)
        loaded = cls(bundle.backend, bundle.parameters, bundle.size, max_pixels, n_jobs)
        return loaded._keep(np.array([0, 1]), 1, bundle, named(model))

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Learn from n photographs or their features.

        Args:
            X: Photographs, or features.
            y: Shape (n,), two classes.
            sample_weight: Shape (n,), what each counts; those of 0 are left out.

        Raises:
            ImageError: A photo cannot be read.
            ModelError: No such backend.
            ConfigError: A setting is out of its range, or the backend sees more than the features.
            ValueError: Not two classes, or of another number than the photographs.
        """
        try:
            from ..models.base import TrainingRows
            from ..models.registry import backend
            from ..training.train import check_export

            model = backend(self.model)(**(self.parameters or {}))
        except ImportError as error:
            hint = install_hint("train", error)
            raise ImportError(f"BlurClassifier.fit needs what trains: {hint}") from error
        if model.views != ("features",):
            raise ConfigError(f"{self.model} sees more than the 18 features; see blurdct train")
        config = ReadConfig(self.size, self.max_pixels)
        classes, codes, weights = targets(y, sample_weight)
        rows = feature_table(X)
        if rows is None:
            photos = photographs(X)
            check_consistent_length(photos, codes)  # before hours are spent on them
            rows = BlurFeatures(self.size, self.max_pixels, n_jobs=self.n_jobs).transform(photos)
        check_consistent_length(rows, codes)
        labels = classes.tolist()
        blurred = labels.index("blurred") if "blurred" in labels else 1
        counted = weights > 0
        inputs = {"features": rows[counted].astype(np.float32)}
        alone = np.arange(counted.sum())  # each photo a scene
        y = (codes[counted] == blurred).astype(np.int64)
        model.fit(TrainingRows(inputs, y, alone, weights[counted]))
        graph = model.to_onnx()
        check_export(graph, inputs, model.predict_proba(inputs))
        bundle = Bundle(
            backend=self.model,
            graph=graph,
            size=config.size,
            calibration=Calibration(),
            thresholds=Thresholds(0.5, 0.5),
            parameters=model.parameters,
            training={"rows": int(counted.sum())},
        )
        return self._keep(classes, blurred, bundle, self.model)

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """P of each class, shape (n, 2), columns as ``classes_``.

        Raises:
            ImageError: A photo cannot be read; ``score_frame`` goes on after one.
            ValueError: X is neither photographs nor what the model sees of them.
        """
        check_is_fitted(self)
        rows = feature_table(X)
        if rows is None:
            photos = photographs(X)
            parts = min(len(photos), effective_n_jobs(self.n_jobs))
            found = Parallel(n_jobs=self.n_jobs)(
                delayed(_judged)(self.detector_, photos[part], part.start)
                for part in (gen_even_slices(len(photos), parts) if photos else ())
            )
            p = np.concatenate([np.zeros(0), *found])
        elif self.bundle_.views == ("features",):
            p = self.detector_.probabilities({"features": rows.astype(np.float32)})
        else:
            raise ValueError(f"{self.model} sees more than 18 features: give it the photographs")
        both = np.stack([1 - p, p], axis=1)
        return both if self.blurred_ == self.classes_[1] else both[:, ::-1]

    def predict(self, X: Any) -> Array:  # noqa: N803
        """The likelier class of each, shape (n,); raises as ``predict_proba``."""
        likelier = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[likelier]

    def _keep(self, classes: Array, blurred: int, bundle: Bundle, name: str) -> Self:
        self.classes_ = classes
        self.blurred_ = classes[blurred]
        self.bundle_ = bundle
        self.detector_ = Detector(bundle, ReadConfig(bundle.size, self.max_pixels), name=name)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = _of_photographs(super().__sklearn_tags__())
        tags.classifier_tags.multi_class = False
        return tags


def _of_photographs(tags: Any) -> Any:
    """No table of numbers, which is what nearly all of scikit-learn's checks feed."""
    tags.input_tags.two_d_array = False
    tags.input_tags.one_d_array = tags.input_tags.three_d_array = tags.input_tags.string = True
    return tags


def _described(photo: Any, number: int, config: ReadConfig, strict: bool) -> Array:
    try:
        source, name = opened(photo, number)
        return np.asarray(image_features(Photo(source, config, name).luma))
    except ImageError:
        if strict:
            raise
        return np.full(len(FEATURES), np.nan)


def _judged(detector: Detector, photos: Sequence[Any], first: int) -> list[float]:
    sources = (opened(photo, number) for number, photo in enumerate(photos, first))
    return [detector.probability(Photo(photo, detector.config, name)) for photo, name in sources]
