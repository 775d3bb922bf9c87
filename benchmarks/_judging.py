"""Photographs as they are and changed -> what several models say of them."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from blurdct import Detector
from blurdct.cli.output import note
from blurdct.errors import BlurdctError
from blurdct.features.photo import Photo
from blurdct.inference.bundle import shipped
from blurdct.parallel.cores import cores
from blurdct.parallel.pool import ordered_map
from blurdct.utils.progress import bar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


def add_options(parser: argparse.ArgumentParser, photos: Path, words: str) -> None:
    """Which photographs, which models, how many processes."""
    add = parser.add_argument
    add("--photos", type=Path, default=photos, help=words)
    add("--model", nargs="+", help="names or bundles' folders (every shipped model)")
    add("--workers", type=int, default=min(2, cores()), help="processes (%(default)s)")


def chosen(args: argparse.Namespace) -> tuple[str, ...]:
    """The models, loaded once to show what is wrong with one before a photo is read."""
    models = tuple(args.model or shipped())
    detectors(models)
    return models


@cache
def detectors(models: tuple[str, ...]) -> list[Detector]:
    """The models, loaded once in each process."""
    return [Detector.load(model) for model in models]


def verdicts(
    pictures: Iterable[tuple[np.ndarray | bytes, str]], models: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """P(blurred) and verdicts of pictures (RGB or a file, name), shape (pictures, models) both.

    A verdict is a label with a question mark where it is not sure. P is what the model itself says,
    also of what is ``unknown``.
    """
    p, told = [], []
    for picture, name in pictures:
        photos = [(one, Photo(picture, one.config, name)) for one in detectors(models)]
        found = [one.judge(photo, name)[0] for one, photo in photos]
        told.append([verdict.shown for verdict in found])
        p.append(
            [
                one.probability(photo) if verdict.probability is None else verdict.probability
                for (one, photo), verdict in zip(photos, found, strict=True)
            ]
        )
    return np.array(p), np.array(told)


def judge_all(
    work: Callable[[Question], Answer | str],
    questions: Sequence[Question],
    workers: int,
    nothing: str,
) -> list[Answer]:
    """What work answers about each photo; a text says why it does not, and goes to standard error.

    Raises:
        BlurdctError: There is no answer at all; it says ``nothing``.
    """
    answers: list[Answer] = []
    work_done = ordered_map(work, questions, workers, 1)
    for answer in bar(work_done, len(questions), "photographs"):
        if isinstance(answer, str):
            note(answer)
        else:
            answers.append(answer)
    if not answers:
        raise BlurdctError(nothing)
    return answers
