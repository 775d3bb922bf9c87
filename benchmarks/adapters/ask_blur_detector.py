"""blur-detector: mean of its map, which is bright where a photo is sharp. It has no threshold."""

import blur_detector
import cv2
from _answer import Said, answer

OPTIONS = {"downsampling_factor": 4, "num_scales": 4, "scale_start": 2}  # of its page


def judge(path: str) -> Said:
    """One number out of a map; no verdict."""
    grey = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    found = blur_detector.detectBlur(
        grey, **OPTIONS, num_iterations_RF_filter=3, show_progress=False
    )
    return -found.mean(), None


answer(judge)
