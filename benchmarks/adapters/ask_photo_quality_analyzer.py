"""photo-quality-analyzer-core: sharpness, 0 to 1, without its neural network for subjects.

Its description says that an image appears blurry.
"""

from _answer import Said, answer
from photo_quality_analyzer_core.analyzer import evaluate_photo_quality


def judge(path: str) -> Said:
    """Its metric, and whether it says so."""
    found = evaluate_photo_quality(path, ["sharpness"], enable_subject_detection=False)
    score = found["metrics"]["sharpness"]["score"]
    return -score, "appears blurry" in found["judgementDescription"]


answer(judge)
