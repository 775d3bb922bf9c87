"""pypiqe: PIQE, 0 excellent to 100 bad. No threshold; blur is one fault of several."""

import cv2
from _answer import Said, answer
from pypiqe import piqe


def judge(path: str) -> Said:
    """Its score; no verdict."""
    return piqe(cv2.imread(path))[0], None


answer(judge)
