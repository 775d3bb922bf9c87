"""A progress bar for the stages and for training."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

# (items, how many, title) -> the items; ``bar`` is one, ``silent`` another.
Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


def silent(items: Iterable[Any], total: int, title: str) -> Iterable[Any]:
    """No progress bar."""
    return items


def bar(items: Iterable[Any], total: int, title: str) -> Iterator[Any]:
    """``items`` as they come, with a bar on standard error; none where that is no terminal."""
    from tqdm import tqdm

    yield from tqdm(items, desc=title, total=total, disable=None, dynamic_ncols=True)
