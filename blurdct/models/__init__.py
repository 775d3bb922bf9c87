"""The registry: one dict, name -> ``"module:Class"``."""

import difflib
import importlib

from ..errors import ModelError
from .base import Backend

BACKENDS = {
    "dct-xgb": "blurdct.models.dct_xgb:BoostedTrees",
    "dct-forest": "blurdct.models.dct_forest:RandomForest",
    "dct-logistic": "blurdct.models.dct_logistic:Logistic",
    "laplacian": "blurdct.models.laplacian:LaplacianThreshold",
    "tree": "blurdct.models.tree:GradientTree",
    "cnn": "blurdct.models.cnn:Convolutions",
    "stacking": "blurdct.models.fusion:Stacking",
    "resnet18": "blurdct.models.resnet18:ResNet18",
    "certh-cnn": "blurdct.models.certh:CerthNetwork",
    "certh-fusion": "blurdct.models.fusion:CerthFusion",
    "lcnet": "blurdct.models.lcnet:LCNet",
}


def backend(name: str) -> type[Backend]:
    """The class behind a name, imported only now.

    Raises:
        ModelError: No such name; the message has the nearest one and all that are known.
    """
    if name not in BACKENDS:
        close = difflib.get_close_matches(name, BACKENDS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ModelError(f"no backend {name!r}; {hint}known: {', '.join(BACKENDS)}")
    module, _, attribute = BACKENDS[name].partition(":")
    found: type[Backend] = getattr(importlib.import_module(module), attribute)
    return found
