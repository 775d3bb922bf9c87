"""A model and how it is asked -> what tells its answers from those of another one."""

import json
from dataclasses import asdict
from typing import Any

from .._version import __version__
from ..config import ReadConfig
from .bundle import Bundle

ANSWERS = 2  # raised when a model of old would answer otherwise from now on

Facts = dict[str, Any]


def facts_of(
    bundle: Bundle,
    config: ReadConfig | None = None,
    threshold: float | None = None,
    name: str | None = None,
) -> Facts:
    """What a ``Detector`` made with the same arguments answers by; the first difference tells.

    Returns:
        ``model``, its name; ``size``, pixels; ``sharp below``, ``threshold`` and ``blurred from``,
        P; ``blurdct``, the version; and ``digest``, 12 hexadecimal digits: the same as long as the
        answers are, whatever the name and the version.
    """
    import hashlib  # which predictions do without

    thresholds = bundle.thresholds.at(threshold)
    facts = {
        "model": name or bundle.backend,
        "size": bundle.size if config is None else config.size,
        "sharp below": thresholds.sure_sharp,
        "threshold": thresholds.decision,
        "blurred from": thresholds.sure_blurred,
    }
    means = [ANSWERS, *list(facts.values())[1:], asdict(bundle.calibration), bundle.views]
    graphs = bundle.graph + bundle.map_graph + bundle.blur_graph
    digest = hashlib.sha256(json.dumps(means).encode() + graphs).hexdigest()[:12]
    return {**facts, "blurdct": __version__, "digest": digest}
