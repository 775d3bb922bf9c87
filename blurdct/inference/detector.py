"""``Detector``: bundle + photo -> ``Prediction``; the only road to an answer."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config import ReadConfig
from ..errors import ConfigError, ImageError, ModelError
from ..features.evidence import missing
from ..features.inputs import INPUTS, photo_inputs
from ..features.orientation import from_canonical
from ..features.photo import Photo
from ..images.reader import Source
from .bundle import (
    DEFAULT,
    Bundle,
    Calibration,
    Thresholds,
    label_index,
    load as load_bundle,
    named,
)
from .session import Session, first_line
from .workers import answer_each

LABELS = ("clear", "medium", "blurred")
UNKNOWN = "unknown"  # the label of a photo without evidence


@dataclass(frozen=True)
class Prediction:
    """The verdict on one photo.

    Attributes:
        path: The photo's path, or the name it was given.
        probability: P(blurred): 0 sharp .. 1 blurred, calibrated.
        score: 100 times that: 0 sharp .. 100 blurred.
        label: ``clear``, ``medium`` or ``blurred``; ``unknown`` where the photo shows nothing that
            could be sharp or blurred.
        threshold: The P from which on the label is ``blurred``.
        model: The model's name.
        reason: Why the label is ``unknown``; empty otherwise.
        sharp_fraction: Part of the photo that is sharp, 0..1: cells of its map with P under .5.
            None if the model makes no map.
    """

    path: str
    probability: float
    score: float
    label: str
    threshold: float
    model: str
    reason: str = ""
    sharp_fraction: float | None = None


class Detector:
    """A loaded model. Making one takes tens of milliseconds, a photo a few: keep it."""

    def __init__(
        self,
        bundle: Bundle,
        config: ReadConfig | None = None,
        threshold: float | None = None,
        name: str | None = None,
    ) -> None:
        """Get a model ready to answer.

        Args:
            bundle: The model.
            config: How photos are read; the bundle's working size if left out. At another size
                the scores mean something else than what the model was calibrated for.
            threshold: P from which on the label is ``blurred``, 0..1, instead of the bundle's.
            name: The model's name in predictions; that of its backend if left out.

        Raises:
            ModelError: The graph cannot be run, or does not take what the bundle says.
            ConfigError: A threshold outside 0..1.
        """
        if threshold is not None and not 0 <= threshold <= 1:
            raise ConfigError(f"threshold: expected 0..1, got {threshold}")
        self.config = config or ReadConfig(size=bundle.size)
        self.model = name or bundle.backend
        self.calibration: Calibration = bundle.calibration
        self.thresholds: Thresholds = bundle.thresholds.moved(threshold)
        self._arguments = (bundle, self.config, threshold, self.model)
        self._views = bundle.views
        for view in self._views:
            if view not in INPUTS:
                known = ", ".join(INPUTS)
                raise ModelError(f"a model that eats {view!r} is not known here; known: {known}")
        self._session = Session(bundle.graph)
        inputs = sorted(self._session.inputs)
        if set(inputs) != set(bundle.views):
            raise ModelError(f"{self.model}: its graph takes {inputs}, not {bundle.views}")
        try:
            self._answer(Photo(np.zeros((16, 16), np.uint8), self.config))  # before a photo comes
        except Exception as error:  # also where it gives something that is no number
            reason = first_line(error.__cause__ or error)
            raise ModelError(f"{self.model}: its graph gives no P ({reason})") from error

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str] = DEFAULT,
        *,
        size: int | None = None,
        threshold: float | None = None,
        max_pixels: int = ReadConfig.max_pixels,
    ) -> "Detector":
        """A detector by the name of a shipped model or a bundle's folder.

        Args:
            model: A name out of ``inference.shipped()``, ``best``, or a folder that training wrote.
            size: Working size in pixels, instead of the one that the model was trained at.
            threshold: P from which on the label is ``blurred``, 0..1, instead of the bundle's.
            max_pixels: Photos of more pixels are refused.

        Raises:
            ModelError: No such model, or a broken one.
            ConfigError: A setting out of its range.
        """
        bundle = load_bundle(model)
        config = ReadConfig(size=bundle.size if size is None else size, max_pixels=max_pixels)
        return cls(bundle, config, threshold, named(model))

    def predict(self, photo: Source, name: str | None = None) -> Prediction:
        """Judge one photo.

        Args:
            photo: Path, bytes, open file; or pixels: array in the order red, green, blue, image of
                Pillow's, or tensor of PyTorch's; see ``images.read_luma``.
            name: What to call it; its path if left out.

        Raises:
            ImageError: It cannot be read; the message names it and says why.
        """
        if name is None:
            is_path = isinstance(photo, (str, os.PathLike))
            name = os.fspath(photo) if is_path else getattr(photo, "name", "")  # type: ignore
            name = name if is_path or isinstance(name, (str, int)) else ""  # tensors have None
        return self.judge(Photo(photo, self.config, name or None), str(name))[0]

    def judge(
        self, photo: Photo, name: str, threshold: float | None = None
    ) -> tuple[Prediction, np.ndarray | None]:
        """The verdict on a photo, and its map, as by ``map``; None if the model makes none.

        Args:
            photo: What was read of it already is not read again.
            name: What the verdict calls it.
            threshold: P from which on the label is ``blurred``, 0..1, instead of the detector's.

        Raises:
            ImageError: It cannot be read.
        """
        thresholds = self.thresholds.moved(threshold)
        answer = self._answer(photo)
        probability = float(answer["probability"][0])
        reason = missing(photo.luma)
        places, sharp = None, None
        if "map" in answer:
            places = from_canonical(answer["map"][0], photo.luma)
            sharp = float(np.mean(places < 0.5))
        label = UNKNOWN if reason else LABELS[label_index(probability, thresholds)]
        at = thresholds.blurred
        verdict = Prediction(
            name, probability, 100 * probability, label, at, self.model, reason, sharp
        )
        return verdict, places

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process loads its graph anew."""
        return Detector, self._arguments

    @property
    def has_map(self) -> bool:
        """Whether the model says where a photo is blurred."""
        return "map" in self._session.outputs

    def map(self, photo: Source, name: str | None = None) -> np.ndarray:
        """Where a photo is blurred.

        Args:
            photo: As for ``predict``.
            name: What to call it in errors; its path if left out.

        Returns:
            Shape (h, w), float32: P(blurred), 0..1, of cells of 16x16 pixels of the photo at the
            working size, the rows and columns of 8x8 blocks two by two; a last one may be single.

        Raises:
            ImageError: It cannot be read; the message names it and says why.
            ModelError: The model has no map.
        """
        if not self.has_map:
            raise ModelError(f"{self.model}: this model makes no map")
        places = self.judge(Photo(photo, self.config, name), name or "")[1]
        assert places is not None
        return places

    def predict_many(
        self, photos: Iterable[str | os.PathLike[str]], workers: int | None = 1
    ) -> Iterator[Prediction | ImageError]:
        """Judge many photos, in their order, one answer for each.

        Args:
            photos: Paths; taken from as answers are taken.
            workers: Processes; None for one per core.

        Yields:
            A ``Prediction``, or for a photo that cannot be read the ``ImageError`` that says why.
        """
        return answer_each(type(self).predict, self, photos, workers)

    def probabilities(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Calibrated P(blurred) of n rows, shape (n,), from their inputs.

        Args:
            inputs: By name, n rows each; those that the model does not take are left alone.

        Raises:
            ModelError: The model does not take such rows.
        """
        return self.calibration(self._session.probabilities(inputs))

    def _answer(self, photo: Photo) -> dict[str, np.ndarray]:
        """What the graph says to one photo, by the name of its output."""
        views = {view: row[None] for view, row in photo_inputs(photo, self._views).items()}
        found = self._session.run(views)
        return {**found, "probability": self.calibration(found["probability"])}
