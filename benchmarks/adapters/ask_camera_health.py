"""camera-health: its focus ratio, lower for blurrier, and whether it reports defocus."""

from _answer import Said, answer
from camera_health import DEFOCUS, check, load_frame


def judge(path: str) -> Said:
    """What it cannot check is not called blurred."""
    health = check(load_frame(path))
    return -health.metrics["focus"], any(fault.kind == DEFOCUS for fault in health.faults)


answer(judge)
