"""pyblurry: ``laplacian-simple`` of ``analyze``, which is what ``is_blurry`` goes by."""

import pyblurry
from _answer import Said, answer

NAME = "laplacian-simple"


def judge(path: str) -> Said:
    """The less the variance, the more blurred."""
    found = pyblurry.analyze(path, use_algorithms=(NAME,))[NAME]
    return -found["laplacian_variance"], found["is_blurry"]


answer(judge, pyblurry.is_blurry)
