"""Photographs as bytes -> verdicts and maps, by threads behind a bounded queue; no protocol."""

import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import cv2
import numpy as np

from ..errors import BlurdctError, ImageError, ModelError
from ..inference.bundle import named
from ..inference.detector import Detector
from ..inference.prediction import Prediction
from ..inference.thresholds import check_threshold
from .logs import LOGGER
from .models import loaded
from .verdicts import Answer, answer, judged, model_probability, unread

if TYPE_CHECKING:  # the engine itself needs no library of the services
    from .settings import Settings

Done = TypeVar("Done")

GRACE = 5.0  # seconds over the time that a request has, after which its photo is given up


class Busy(BlurdctError):  # noqa: N818 - short, as in the interface of Thrift
    """As many requests wait as may; or the service is about to stop."""


class TooLong(BlurdctError):  # noqa: N818
    """A request waited or took longer than it may."""


class Engine:
    """The loaded models of a process, and the threads that ask them.

    Its methods may be called by many threads; they wait for the answer. ``submit`` does not.

    Attributes:
        settings: Limits and names.
        models: Names that may be asked for; the default one first.
        map_model: The one of them that draws maps where none is asked for.
    """

    def __init__(self, settings: "Settings") -> None:
        """Load all models.

        OpenCV uses one thread for a photo from now on, in the whole process: those of the engine
        are many enough.

        Raises:
            ModelError: No such model, or a broken one; or the one for maps makes none.
            ConfigError: One that was asked for has no threshold for ``max_fpr``.
        """
        self.settings = settings
        cv2.setNumThreads(1)
        found = loaded(settings)
        self._models = found.known
        self.models, self.map_model = tuple(found.known), found.map
        self._pool = ThreadPoolExecutor(settings.threads, "photo")
        self._lock = threading.Lock()
        self._inside = 0  # requests that wait or are worked on
        self._closed = False
        self._ends: dict[int, float] = {}  # by thread at work: until when its request may take

    def predict(self, data: bytes, name: str, model: str | None = None) -> Answer:
        """The verdict on one photo.

        Args:
            data: Its file.
            name: What to call it.
            model: Out of ``models``, or ``best``.

        Returns:
            ``verdicts.FIELDS``, as in ``Prediction``; width and height are of the photo, upright.

        Raises:
            ImageError: It cannot be read; the message names it and says why.
            ModelError: No such model.
            Busy: Too many wait already.
            TooLong: It was not done in time.
        """
        judge = self._judge(model, None)
        return self.wait(self.submit(lambda: answer(*judge(data, name)[:2])))

    def probability(self, data: bytes, name: str) -> float:
        """What the default model itself says of one photo: P(blurred), 0..1, whatever it shows.

        Args:
            data: Its file.
            name: What to call it.

        Raises:
            ImageError: It cannot be read; as for ``predict``, Busy and TooLong, too.
        """
        detector = self._detector(None)
        return self.wait(self.submit(lambda: model_probability(detector, data, name)))

    def predict_many(
        self,
        files: Sequence[tuple[str, bytes]],
        model: str | None = None,
        threshold: float | None = None,
    ) -> "Future[list[Answer]]":
        """Verdicts to come on several photographs, which count as one request.

        Args:
            files: Name and bytes of each.
            model: As for ``predict``.
            threshold: P from which on the label is ``blurred``, 0..1, instead of the model's.

        Returns:
            Answers with one more field: ``error``, empty if all is well; else it says why the
            photo could not be read, and the verdict is None. Or the future raises TooLong.

        Raises:
            ModelError: As for ``predict``; Busy, too.
            ConfigError: A threshold outside 0..1.
        """
        judge = self._judge(model, threshold)
        ends = time.monotonic() + self.settings.seconds

        def work() -> list[Answer]:
            answers = []
            for name, data in files:
                if time.monotonic() > ends:
                    raise TooLong(self._too_long())
                try:
                    answers.append({**answer(*judge(data, name)[:2]), "error": ""})
                except ImageError as error:
                    answers.append(unread(name, self._detector(model).model, error))
            return answers

        return self.submit(work)

    def map_then(
        self,
        data: bytes,
        name: str,
        model: str | None,
        then: Callable[[Prediction, np.ndarray], Done],
        threshold: float | None = None,
    ) -> "Future[tuple[Answer, Done]]":
        """The verdict to come on one photo, and what the same thread made of it and its map.

        Args:
            data: Its file.
            name: What to call it.
            model: As for ``predict``; ``map_model`` if left out.
            then: Called with the verdict and where the photo is blurred, as by ``Detector.map``.
            threshold: As for ``predict_many``.

        Raises:
            ModelError: No such model, or it makes no map; Busy and ConfigError, too.
        """
        model = model or self.map_model
        if not self._detector(model).has_map:
            raise ModelError(f"{model}: this model makes no map")
        judge = self._judge(model, threshold)

        def work() -> tuple[Answer, Done]:
            verdict, size, places = judge(data, name)
            assert places is not None  # a model without maps was refused
            return answer(verdict, size), then(verdict, places)

        return self.submit(work)

    def submit(self, work: Callable[[], Done]) -> "Future[Done]":
        """Have a thread do it when one is free. Cancelled before that, it is not done at all.

        Raises:
            Busy: Too many wait already, or the engine was closed.
        """
        with self._lock:
            if self._closed:
                raise Busy("the service is stopping")
            if self._inside >= self.settings.queue + self.settings.threads:
                raise Busy("too many requests wait already; try again")
            self._inside += 1
        job = [work]
        ends = time.monotonic() + self.settings.seconds
        future = self._pool.submit(self._do, job, ends)
        future.add_done_callback(partial(self._leave, job))
        return future

    def wait(self, future: "Future[Done]") -> Done:
        """What comes out of ``submit``.

        Raises:
            TooLong: Nothing, in time.
        """
        try:
            return future.result(self.settings.seconds)
        except TimeoutError:
            future.cancel()
            raise TooLong(self._too_long()) from None

    @property
    def waiting(self) -> int:
        """Requests that no thread has taken up yet."""
        return max(0, self._inside - self.settings.threads)

    @property
    def full(self) -> bool:
        """Whether the next request would be refused."""
        return self._closed or self._inside >= self.settings.queue + self.settings.threads

    def facts(self) -> list[Answer]:
        """What is known of each model, as by ``models.facts``; the default one first."""
        return [served.facts for served in self._models.values()]

    def close(self) -> None:
        """Take no more requests; return when the last one is done."""
        with self._lock:
            self._closed = True
        self._pool.shutdown()

    def end_when_stuck(self) -> None:
        """From now on, end this process when a photo keeps a thread far too long.

        No decoder can be interrupted, and a crafted file of 2 kB may keep one busy for hours. Some
        keep Python's lock meanwhile, so that no thread can look: then a timer of the system ends
        the process. For processes that are replaced when they die.
        """
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            if hasattr(signal, "setitimer"):  # SIGALRM ends a process that does not ask for it
                signal.setitimer(signal.ITIMER_REAL, self.settings.seconds + GRACE)
            time.sleep(GRACE / 5)
            first = min(list(self._ends.values()), default=math.inf)
            if time.monotonic() > first + GRACE:
                logging.getLogger(LOGGER).warning("a photo takes too long; its process ends")
                os._exit(1)

    def _do(self, job: "list[Callable[[], Done]]", ends: float) -> Done:
        if time.monotonic() > ends:  # nobody waits for it any longer
            raise TooLong(self._too_long())
        self._ends[threading.get_ident()] = ends
        try:
            return job.pop()()
        finally:
            del self._ends[threading.get_ident()]

    def _leave(self, job: list[Any], future: "Future[Any]") -> None:
        job.clear()  # a cancelled job stays in the pool's queue, but not the photo
        with self._lock:
            self._inside -= 1

    def _too_long(self) -> str:
        return f"not done within {self.settings.seconds:g} seconds"

    def _detector(self, model: str | None) -> Detector:
        """Of a name out of ``models``.

        Raises:
            ModelError: There is none.
        """
        name = named(model or self.models[0])
        if name not in self._models:
            raise ModelError(f"unknown model {name!r:.100}; known: {', '.join(self.models)}")
        return self._models[name].detector

    def _judge(self, model: str | None, threshold: float | None) -> Callable[[bytes, str], Any]:
        """What judges a photo.

        Raises:
            ModelError: No such model.
            ConfigError: A threshold outside 0..1.
        """
        check_threshold(threshold)
        return partial(judged, self._detector(model), threshold)
