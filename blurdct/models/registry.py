"""The registry: one dict, name -> ``"module:Class"``."""

import importlib
import json
import math
from typing import Any

from ..errors import ModelError
from .base import Backend, nearest

BACKENDS = {
    "dct-xgb": "blurdct.models.dct_xgb:BoostedTrees",
    "dct-forest": "blurdct.models.dct_forest:RandomForest",
    "dct-logistic": "blurdct.models.dct_logistic:Logistic",
    "dct-xgb-wide": "blurdct.models.dct_xgb_wide:WideTrees",
    "dct-mlp": "blurdct.models.dct_mlp:DctMlp",
    "dct-net": "blurdct.models.dct_net:DctNet",
    "dct-fusion": "blurdct.models.dct_fusion:DctFusion",
    "laplacian": "blurdct.models.laplacian:LaplacianThreshold",
    "tree": "blurdct.models.tree:GradientTree",
    "cnn": "blurdct.models.cnn:Convolutions",
    "stacking": "blurdct.models.stacking:Stacking",
    "resnet18": "blurdct.models.resnet18:ResNet18",
    "certh-cnn": "blurdct.models.certh_cnn:CerthNetwork",
    "certh-fusion": "blurdct.models.stacking:CerthFusion",
    "lcnet": "blurdct.models.lcnet:LCNet",
}


def backend(name: str) -> type[Backend]:
    """The class behind a name, imported only now.

    Raises:
        ModelError: No such name; the message has the nearest one and all that are known.
    """
    if name not in BACKENDS:
        hint = nearest(name, BACKENDS)
        raise ModelError(f"no backend {name!r}; {hint}known: {', '.join(BACKENDS)}")
    module, _, attribute = BACKENDS[name].partition(":")
    found: type[Backend] = getattr(importlib.import_module(module), attribute)
    return found


def parse_name(text: str) -> tuple[str, dict[str, Any]]:
    """A backend's name and the parameters that it carries, which say how it differs from the usual.

    >>> parse_name("resnet18:task=level,epochs=3")
    ('resnet18', {'task': 'level', 'epochs': 3})
    >>> parse_name("stacking:cnn.epochs=3")
    ('stacking', {'cnn': {'epochs': 3}})

    Args:
        text: ``NAME`` or ``NAME:KEY=VALUE,...``. Values are numbers or text, as the parameter's
            usual one is; ``MEMBER.KEY`` is a parameter of one of the members of a fusion.

    Raises:
        ModelError: An unknown name or parameter, or a part that is no ``KEY=VALUE``.
        ConfigError: A value that the backend refuses.
    """
    name, colon, rest = text.partition(":")
    usual = backend(name)().parameters
    parameters: dict[str, Any] = {}
    for part in rest.split(",") if colon else ():
        key, equals, value = (word.strip() for word in part.partition("="))
        if not (key and equals and value):
            raise ModelError(f"{text}: expected NAME:KEY=VALUE,..., got {part!r}")
        member, dot, inner = key.partition(".")
        if dot and isinstance(usual.get(member), dict):
            known, target = backend(member)().parameters, parameters.setdefault(member, {})
        else:
            known, target, inner = usual, parameters, key
        if inner not in known or isinstance(known[inner], dict):
            names = ", ".join(_keys(known))
            raise ModelError(f"{text}: no parameter {inner!r}; known: {names}")
        if inner in target:
            raise ModelError(f"{text}: {key} is given twice")
        target[inner] = _value(text, key, value, known[inner])
    members = {key: own for key, own in parameters.items() if isinstance(own, dict)}
    for made, own in ((name, parameters), *members.items()):
        backend(made)(**own)  # raises if it cannot be
    return name, parameters


def seeded(name: str, parameters: dict[str, Any], seed: int) -> dict[str, Any]:
    """A backend's parameters with a seed, if it has one and none is given."""
    return {"seed": seed, **parameters} if "seed" in backend(name)().parameters else parameters


def _keys(known: dict[str, Any]) -> list[str]:
    return [f"{key}.KEY" if isinstance(value, dict) else key for key, value in known.items()]


def _value(text: str, key: str, value: str, usual: Any) -> Any:
    """A value as JSON if it is that, else as text; of the kind that the usual one is."""
    if isinstance(usual, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        found = value
    kinds = (int,) if isinstance(usual, int) else (int, float)
    if type(found) not in kinds or not math.isfinite(found):
        wanted = "a whole number" if kinds == (int,) else "a number"
        raise ModelError(f"{text}: {key}: expected {wanted}, got {value}")
    return found
