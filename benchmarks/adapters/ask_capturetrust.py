"""capturetrust: the blur check of ``inspect_image``, the others off; medium and high are blurred.

That is what it rejects a photo for. It gives a score beside: a variance, lower for blurrier.
"""

from _answer import Said, answer
from capturetrust import CaptureTrustConfig, inspect_image

OTHERS = ("resolution", "lighting", "glare", "document", "noise", "shadow", "orientation")
config = CaptureTrustConfig(**{f"enable_{name}_check": False for name in OTHERS})


def judge(path: str) -> Said:
    """Score and severity of one check."""
    blur = inspect_image(path, config=config).to_dict()["checks"]["blur"]
    return -blur["score"], blur["severity"] in ("medium", "high")


answer(judge)
