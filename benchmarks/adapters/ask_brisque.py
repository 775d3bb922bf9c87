"""brisque: image quality, lower is better. No threshold; blur is one fault of several."""

import numpy as np
from _answer import Said, answer
from brisque import BRISQUE
from PIL import Image

model = BRISQUE(url=False)


def judge(path: str) -> Said:
    """Its score; no verdict."""
    return model.score(np.asarray(Image.open(path).convert("RGB"))), None


answer(judge)
