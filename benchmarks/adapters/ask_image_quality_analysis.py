"""image-quality-analysis: per cent of a photo's cells that are blurred, and its verdict."""

from _answer import Said, answer
from image_quality_checker.blur_analysis import analyze_blur


def judge(path: str) -> Said:
    """Its ratio, and whether that is half or more."""
    found = analyze_blur(path)
    return found["blur_ratio"], found["overall_blur"]


answer(judge)
