"""``Detector``: bundle + photo -> ``Prediction``; the only road to an answer."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..config import ReadConfig
from ..errors import ConfigError, ImageError, ModelError
from ..features.inputs import INPUTS
from ..features.photo import Photo
from ..images.reader import Source
from .bundle import Bundle, Calibration, load as load_bundle, named
from .looks import Graphs, Look
from .prediction import BLURRED, UNKNOWN, Prediction, kind_of
from .session import first_line
from .thresholds import VERDICTS, Thresholds, check_threshold, verdict_index
from .workers import predict_each


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
        self.views: tuple[str, ...] = bundle.views  # what P comes from; see ``features.inputs``
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
            self._graphs = Graphs(bundle)
        except ModelError as error:
            raise ModelError(f"{self.model}: {error}") from error
        inputs = sorted(self._graphs.own.inputs)
        if set(inputs) != set(bundle.views):
            raise ModelError(f"{self.model}: its graph takes {inputs}, not {bundle.views}")
        try:
            self.calibration(self._graphs.tried())  # before a photo comes
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
        return self.verdicts([self.look(*self.opened(photo, name))])[0]

    def opened(self, photo: Source, name: str | None = None) -> tuple[Photo, str]:
        """A photo to look at, and what to call it; arguments and errors as of ``predict``."""
        if name is None:
            is_path = isinstance(photo, (str, os.PathLike))
            name = os.fspath(photo) if is_path else getattr(photo, "name", "")  # type: ignore
            name = name if is_path or isinstance(name, (str, int)) else ""  # tensors have None
        return Photo(photo, self.config, name or None), str(name)

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
        look = self.look(photo, name, mapped=True)
        return self.verdicts([look], threshold)[0], look.places

    def look(self, photo: Photo, name: str, mapped: bool = False) -> Look:
        """What ``verdicts`` needs of a photo, which itself is needed no more.

        Args:
            photo: What was read of it already is not read again.
            name: What the verdict calls it.
            mapped: Whether its map is wanted, even if nothing can be said about the photo.

        Raises:
            ImageError: It cannot be read.
        """
        return self._graphs.look(photo, name, mapped)

    def verdicts(self, looks: Sequence[Look], threshold: float | None = None) -> list[Prediction]:
        """The verdicts on photos that ``look`` has seen: graphs of numbers run once for all.

        Args:
            looks: However many.
            threshold: P from which on the label is ``blurred``, 0..1, instead of the detector's.

        Raises:
            ModelError: A graph gives no number of one of them.
        """
        check_threshold(threshold)
        thresholds = self.thresholds.at(threshold)
        said = iter(self._graphs.said([look for look in looks if not look.reason]))
        return [
            self._verdict(look, {} if look.reason else next(said), thresholds) for look in looks
        ]

    def _verdict(self, look: Look, said: dict[str, Any], thresholds: Thresholds) -> Prediction:
        label, sure, p, blur = UNKNOWN, False, None, None
        kind: tuple[str | None, float | None] = None, None
        if said:
            p = float(self.calibration(said["probability"]))
            told = VERDICTS[verdict_index(p, thresholds)]
            label, sure = told.rstrip("?"), not told.endswith("?")
        if "extent" in said:
            # narrower than a pixel of what the graph sees, nothing can be told apart
            blur = max(1.0, float(said["extent"])) * look.reduction
        if "motion" in said and label == BLURRED:
            kind = kind_of(float(said["motion"]))
        verdict = (p, label, sure, thresholds.decision, self.model, look.reason)
        return Prediction(look.name, *verdict, look.sharp, look.note, look.evidence, blur, *kind)

    def probability(self, photo: Photo) -> float:
        """What the model itself says: P(blurred), 0..1, whether or not the photo shows anything.

        Raises:
            ImageError: It cannot be read.
        """
        return float(self.calibration(self._graphs.probability(photo))[0])

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process loads its graph anew."""
        return Detector, self._arguments

    @property
    def has_map(self) -> bool:
        """Whether the model says where a photo is blurred."""
        return self._graphs.has_map

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
            photos: Paths; taken from as answers are taken, a few ahead.
            workers: Processes; None for one per core.

        Yields:
            A ``Prediction``, or for a photo that cannot be read the ``ImageError`` that says why.
        """
        return predict_each(self, photos, workers)

    def probabilities(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Calibrated P(blurred) of n rows, shape (n,), from their inputs.

        Args:
            inputs: By name, n rows each; those that the model does not take are left alone.

        Raises:
            ModelError: The model does not take such rows.
        """
        return self.calibration(self._graphs.own.probabilities(inputs))


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
