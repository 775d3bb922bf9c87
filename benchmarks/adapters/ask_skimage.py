"""scikit-image: ``blur_effect``, 0 for no blur, 1 for maximal blur. It has no threshold."""

from _answer import Said, answer
from skimage.io import imread
from skimage.measure import blur_effect


def judge(path: str) -> Said:
    """Its score; no verdict."""
    picture = imread(path)
    return blur_effect(picture, channel_axis=-1 if picture.ndim == 3 else None), None


answer(judge)
