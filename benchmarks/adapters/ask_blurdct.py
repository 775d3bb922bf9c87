"""blurdct: ``Detector.predict``. What is unknown is not called blurred."""

import sys

from _answer import Said, answer

from blurdct import Detector

detector = Detector.load(sys.argv[1])


def judge(path: str) -> Said:
    """P(blurred), and whether its label is ``blurred``."""
    verdict = detector.predict(path)
    p = 0.5 if verdict.probability is None else verdict.probability
    return p, verdict.label == "blurred"


answer(judge)
