"""image-quality-ai: ``is_blurry``, and what it compares: a variance, lower for blurrier."""

from _answer import Said, answer
from image_quality_ai import assess, is_blurry


def judge(path: str) -> Said:
    """The value of its whole report, and its verdict."""
    return -assess(path).metrics["sharpness"].value, is_blurry(path)


answer(judge, is_blurry)
