"""``Copy``: what a recipe makes of a photo."""

from dataclasses import dataclass
from typing import Any

LEVELS = 10  # levels of strength in tables
ENDINGS = {b"\x89PNG": ".png", b"RIFF": ".webp"}  # by a file's first bytes; others are JPEG


@dataclass(frozen=True)
class Copy:
    """A copy of a photo, ready to be written.

    Attributes:
        data: The file's bytes.
        kind: ``none`` for a sharp copy, else what the recipe calls its blur.
        strength: 0 weakest .. 1 strongest; 0 for a sharp copy.
        parameters: What was drawn, by name.
    """

    data: bytes
    kind: str
    strength: float
    parameters: dict[str, Any]

    @property
    def ending(self) -> str:
        """The name's ending that its format goes by."""
        return ENDINGS.get(self.data[:4], ".jpg")

    @property
    def level(self) -> int:
        """Strength in ten steps, 0..9."""
        return min(int(self.strength * LEVELS), LEVELS - 1)
