"""What a command did with photographs, and the line that says so in the end."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..errors import ImageError
from ..results import UNREADABLE

ORDER = ("blurred", "sharp", "unknown", UNREADABLE)


@dataclass
class Tally:
    """Counts of photographs.

    Attributes:
        labels: By label; ``unreadable`` for those that could not be read.
        doubtful: By label, those of them that are not sure.
        skipped: What was passed over, by reasons; see ``scan.skipping``.
        begun: When counting began, as ``time.perf_counter`` says it.
    """

    labels: Counter[str] = field(default_factory=Counter)
    doubtful: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    begun: float = field(default_factory=time.perf_counter)

    def add(self, answer: Any) -> None:
        """Count a row (without a label, such as one of features, as such), or an error."""
        if isinstance(answer, ImageError):
            self.labels[UNREADABLE] += 1
            return
        label = answer.get("label", "")
        self.labels[label] += 1
        if label and not answer["sure"]:
            self.doubtful[label] += 1

    @property
    def photos(self) -> int:
        """All that were counted."""
        return self.labels.total()

    def line(self, seconds: float | None = None) -> str:
        """``12 photographs: 5 blurred (1 doubtful), 7 sharp in 0.3 s; skipped: 3 other files``.

        Args:
            seconds: What it took; the time since counting began if left out.
        """
        from ..scan.skipping import told

        took = time.perf_counter() - self.begun if seconds is None else seconds
        counts = self.counts()
        photos = f"{self.photos:,} photograph{'' if self.photos == 1 else 's'}"
        line = f"{photos}{counts and ': '}{counts} in {took:,.1f} s"
        return f"{line}; {told(self.skipped)}" if self.skipped else line

    def counts(self) -> str:
        """``5 blurred (1 doubtful), 7 sharp``; empty if nothing has a label."""
        return ", ".join(self._count(label) for label in ORDER if self.labels[label])

    def _count(self, label: str) -> str:
        doubtful = self.doubtful[label] if label in ("blurred", "sharp") else 0
        more = f" ({doubtful:,} doubtful)" if doubtful else ""
        return f"{self.labels[label]:,} {label}{more}"
