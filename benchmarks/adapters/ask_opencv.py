"""OpenCV: variance of the Laplacian of the grey picture, blurred below 100, as in tutorials."""

import cv2
from _answer import Said, answer


def judge(path: str) -> Said:
    """The less the variance, the more blurred."""
    grey = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise ValueError("OpenCV cannot read it")
    variance = cv2.Laplacian(grey, cv2.CV_64F).var()
    return -variance, variance < 100


answer(judge)
