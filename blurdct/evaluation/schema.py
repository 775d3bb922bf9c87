"""What a report on models consists of."""

from typing import Any

Report = dict[str, Any]
STRENGTH_THIRDS = ("weak", "medium", "strong")
