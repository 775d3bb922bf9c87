"""``Detector``: bundle + photo -> ``Prediction``; the only road to an answer."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..config import ReadConfig
from ..errors import ConfigError, ImageError, ModelError
from ..features.evidence import missing
from ..features.inputs import INPUTS, photo_inputs
from ..features.orientation import from_canonical
from ..features.photo import Photo
from ..images.reader import Source
from .bundle import BESIDE, Bundle, Calibration, load as load_bundle, named
from .prediction import BLURRED, UNKNOWN, Prediction, kind_of
from .session import Session, first_line
from .thresholds import VERDICTS, Thresholds, check_threshold, verdict_index
from .workers import answer_each


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
        check_threshold(threshold)
        self.config = config or ReadConfig(size=bundle.size)
        self.model = name or bundle.backend
        self.calibration: Calibration = bundle.calibration
        self.thresholds: Thresholds = bundle.thresholds.at(threshold)
        self._arguments = (bundle, self.config, threshold, self.model)
        for view in bundle.views:
            if view not in INPUTS:
                known = ", ".join(INPUTS)
                raise ModelError(
                    f"{self.model}: a model that takes {view!r} is not known here; known: {known}"
                )
        try:
            self._session = Session(bundle.graph)
            self._beside = self._sessions(bundle)
        except ModelError as error:
            raise ModelError(f"{self.model}: {error}") from error
        inputs = sorted(self._session.inputs)
        if set(inputs) != set(bundle.views):
            raise ModelError(f"{self.model}: its graph takes {inputs}, not {bundle.views}")
        try:
            small = replace(self.config, max_pixels=ReadConfig.max_pixels)
            self._answer(Photo(np.zeros((16, 16), np.uint8), small))  # before a photo comes
        except Exception as error:  # also where it gives something that is no number
            reason = first_line(error.__cause__ or error)
            raise ModelError(f"{self.model}: its graph gives no P ({reason})") from error

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str] | None = None,
        *,
        size: int | None = None,
        threshold: float | None = None,
        max_fpr: float | None = None,
        max_pixels: int = ReadConfig.max_pixels,
    ) -> "Detector":
        """A detector by the name of a shipped model or a bundle's folder.

        Args:
            model: ``best``, ``fast``, a name out of ``inference.shipped()``, or a folder that
                training wrote; if left out, what ``BLURDCT_MODEL`` in the environment says, or
                ``best``.
            size: Working size in pixels, instead of the one that the model was trained at.
            threshold: P from which on the label is ``blurred``, 0..1, instead of the bundle's.
            max_fpr: Instead of a threshold: the share of sharp photographs that may be called
                blurred; see ``threshold_for``.
            max_pixels: Photos of more pixels are refused.

        Raises:
            ModelError: No such model, or a broken one.
            ConfigError: A setting out of its range; both of ``threshold`` and ``max_fpr``; a share
                below all those that the model knows thresholds for.
        """
        bundle = load_bundle(model)
        threshold = threshold_for(bundle, threshold, max_fpr)
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
        check_threshold(threshold)
        thresholds = self.thresholds.at(threshold)
        reason = missing(photo.luma, photo.notes)
        answer = self._answer(photo)
        places, inner, p, sharp, sure = None, None, None, None, False
        evidence, blur, kind, kind_p = 0.0, None, None, None
        if "map" in answer:
            inner = from_canonical(answer["map"][0], photo.luma)
            places = photo.spread(inner)
        label = UNKNOWN
        if not reason:
            p = float(answer["probability"][0])
            sharp = None if inner is None else float(np.mean(inner < 0.5))
            told = VERDICTS[verdict_index(p, thresholds)]
            label, sure = told.rstrip("?"), not told.endswith("?")
            evidence = photo.evidence
            if "extent" in answer:
                # narrower than a pixel of what the graph sees, nothing can be told apart
                blur = max(1.0, float(answer["extent"][0])) * photo.reduction
            if "motion" in answer and label == BLURRED:
                kind, kind_p = kind_of(float(answer["motion"][0]))
        at = thresholds.decision
        note = "; ".join(photo.notes)
        verdict = Prediction(
            name, p, label, sure, at, self.model, reason, sharp, note, evidence, blur, kind, kind_p
        )
        return verdict, places

    def probability(self, photo: Photo) -> float:
        """What the model itself says: P(blurred), 0..1, whether or not the photo shows anything.

        Raises:
            ImageError: It cannot be read.
        """
        return float(self._answer(photo)["probability"][0])

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process loads its graph anew."""
        return Detector, self._arguments

    @property
    def has_map(self) -> bool:
        """Whether the model says where a photo is blurred."""
        return any("map" in one.outputs for one in (self._session, *self._beside))

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
        sessions = (self._session, *self._beside)
        views = dict.fromkeys(view for session in sessions for view in session.inputs)
        rows = {view: row[None] for view, row in photo_inputs(photo, views).items()}
        found: dict[str, np.ndarray] = {}
        for session in sessions:
            found |= session.run(rows)
        return {**found, "probability": self.calibration(found["probability"])}

    def _sessions(self, bundle: Bundle) -> list[Session]:
        """The graphs beside the model's own."""
        sessions = []
        for file, (name, outputs) in BESIDE.items():
            if not (graph := getattr(bundle, name)):
                continue
            sessions.append(session := Session(graph))
            fit = session.outputs[:1] == outputs[:1] and set(session.outputs) <= set(outputs)
            if not fit or set(session.inputs) - set(INPUTS):
                raise ModelError(f"its {file} makes no {outputs[0]} of inputs known here")
        return sessions


def threshold_for(
    bundle: Bundle, threshold: float | None = None, max_fpr: float | None = None
) -> float | None:
    """The P from which on the label is ``blurred``; None leaves it to the bundle.

    Args:
        bundle: The model; it knows thresholds for a few shares, chosen on photographs held out.
        threshold: That P itself.
        max_fpr: The share of sharp photographs that may be called blurred, 0..1.

    Raises:
        ConfigError: A threshold outside 0..1; both; a share below all that the model knows.
    """
    check_threshold(threshold)
    if max_fpr is None:
        return threshold
    if threshold is not None:
        raise ConfigError("threshold and max_fpr: one or the other")
    found = bundle.threshold_at(max_fpr)
    if found is None:
        shares = ", ".join(f"{share:g}" for share in bundle.known_fprs) or "none"
        raise ConfigError(
            f"{bundle.backend} has no threshold for {max_fpr:g} of the sharp photographs or "
            f"fewer; it has them for {shares}"
        )
    return found
