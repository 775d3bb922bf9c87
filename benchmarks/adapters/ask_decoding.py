"""OpenCV decodes a photo to grey and says nothing: what none that reads it whole is faster than."""

import cv2
from _answer import Said, answer


def judge(path: str) -> Said:
    """The same of every photo."""
    if cv2.imread(path, cv2.IMREAD_GRAYSCALE) is None:
        raise ValueError("OpenCV cannot read it")
    return 0.0, None


answer(judge)
