"""Classic focus measures of a photo: one number each.

Sources:
    Variance of the Laplacian: Pech-Pacheco et al., ICPR 2000, doi:10.1109/ICPR.2000.903548.
    Sobel magnitude (Tenengrad): Krotkov, IJCV 1, 1988, doi:10.1007/BF00127822.
"""

import cv2
import numpy as np


def laplacian_variance(luma: np.ndarray) -> float:
    """Variance of the Laplacian, grey levels squared: 0 for a flat photo, large for a sharp one."""
    return float(cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_16S))[1][0, 0] ** 2)


def sobel_variance(luma: np.ndarray) -> float:
    """Variance of the Sobel magnitude, grey levels squared: 0 for a flat photo."""
    across, down = (cv2.Sobel(luma, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    return float(cv2.meanStdDev(cv2.magnitude(across, down))[1][0, 0] ** 2)
