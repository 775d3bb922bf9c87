"""cpbd-py312: probability that blur is not seen at edges, 0 very blurry to 1 very sharp."""

from _answer import Said, answer
from cpbd import compute
from imageio.v2 import imread
from skimage.color import rgb2gray


def judge(path: str) -> Said:
    """As its page has it; no verdict."""
    picture = imread(path)
    return -compute(rgb2gray(picture) if picture.ndim == 3 else picture), None


answer(judge)
