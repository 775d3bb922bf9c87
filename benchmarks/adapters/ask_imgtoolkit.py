"""imgtoolkit: what ``find-blur`` goes by; ``blur_score`` is lower for blurrier images."""

import cv2
from _answer import Said, answer
from imgtoolkit.tools import blur_score, is_blurry


def judge(path: str) -> Said:
    """Its score and its verdict, which looks at edges, too."""
    picture = cv2.imread(path)
    return -blur_score(picture), is_blurry(picture)


answer(judge, lambda path: is_blurry(cv2.imread(path)))
