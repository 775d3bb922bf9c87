"""A progress bar for the stages and for training."""

from collections.abc import Iterable, Iterator
from typing import Any

from tqdm import tqdm


def bar(items: Iterable[Any], total: int, title: str) -> Iterator[Any]:
    """``items`` as they come, with a bar on standard error; none where that is no terminal."""
    yield from tqdm(items, desc=title, total=total, disable=None, dynamic_ncols=True)
