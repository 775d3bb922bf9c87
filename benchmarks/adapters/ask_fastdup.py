"""fastdup: ``blur`` of its statistics, a variance, lower for blurrier; its summary cuts at 150."""

import tempfile
from collections.abc import Iterator, Sequence

import fastdup
from _answer import Said, answer_together


def judge(paths: Sequence[str]) -> Iterator[tuple[str, Said]]:
    """A row of its statistics for each photo."""
    with tempfile.TemporaryDirectory() as folder:
        found = fastdup.create(work_dir=folder, input_dir=list(paths))
        found.run(overwrite=True, num_threads=1, verbose=False)
        table = found.img_stats()
    for path, variance in zip(table["filename"], table["blur"], strict=True):
        yield str(path), (-variance, variance < 150)


answer_together(judge)
