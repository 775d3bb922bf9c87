"""Whether the machines of a cluster can do a scan: versions, sources, the folder of results."""

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import BlurdctError, ConfigError
from ...kernel.choice import VARIABLE
from ...utils.installing import NAME
from . import probe

PATIENCE = 60.0  # seconds that a machine has for its answer


def check_nodes(sources: Sequence[str], folder: str, out: str) -> int:
    """Ask every machine that has a core to work with; how many they are.

    Args:
        sources: Local ones, as the user named them; a machine must see all of them.
        folder: The one that relative names are seen from.
        out: Where results go, if that is a folder of this machine; else empty.

    Raises:
        ConfigError: A machine cannot do it; the message says which one and what to do.
        BlurdctError: None has a core; or one does not answer.
    """
    import ray

    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    if not nodes:
        raise BlurdctError("the cluster has no machine with a core to work with")
    with _token(out) as token:
        answers = list(_ask(nodes, sources, folder, token))
    here = probe.versions()
    for answer in answers:
        if why := refusal(answer, here, out):
            raise ConfigError(why)
    return len(answers)


def refusal(answer: dict[str, Any], here: dict[str, str], out: str) -> str:
    """Why a machine cannot do it, and what to do; empty if it can.

    Args:
        answer: Of ``probe.look``.
        here: Versions of the driver.
        out: The folder of results, as the user named it.
    """
    name = answer["name"]
    there = answer["versions"]
    if not there[NAME]:
        return (
            f"machine {name} has no {NAME}: install it there, {NAME}[ray]=={here[NAME]}, or start "
            f"the scan by ray job submit with a runtime environment"
        )
    for what, version in here.items():
        if there[what] != version and what == "kernel":
            told = f"machine {name} counts by {there[what] or 'another kernel'}, not {version}"
            hint = f"set {VARIABLE} to one that all have, numpy at least"
            return f"{told} as this one: rows would differ in their last digits; {hint}"
        if there[what] != version:
            told = f"{what} {there[what] or 'is missing'}, not {version} as this one"
            return f"machine {name} has {told}: rows would differ; install the same on all of them"
    if answer["missing"]:
        what = answer["missing"][0]
        return (
            f"{what}: machine {name} does not see it; put it on a disk that all machines share "
            "at one path, or into object storage, and name its URL"
        )
    if not answer["shared"]:
        return (
            f"{out}: machine {name} does not see this folder; name one on a disk that all machines "
            "share at one path, or a URL of object storage"
        )
    return ""


@contextmanager
def _token(out: str) -> Iterator[str]:
    """A file in the folder of results while the machines look for it."""
    if not out:
        yield ""
        return
    path = Path(out, f".blurdct-{secrets.token_hex(8)}.part")
    try:
        path.touch(exist_ok=False)
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written ({error.strerror})") from error
    try:
        yield os.fspath(path)
    finally:
        path.unlink(missing_ok=True)


def _ask(
    nodes: Iterable[dict[str, Any]], sources: Sequence[str], folder: str, token: str
) -> Iterator[dict[str, Any]]:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ray.cloudpickle.register_pickle_by_value(probe)
    try:
        asked = {}
        look = ray.remote(num_cpus=0, max_retries=0)(probe.look)
        for node in nodes:
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            task = look.options(scheduling_strategy=there)
            asked[task.remote(sources, folder, token)] = node["NodeManagerHostname"]
    finally:
        ray.cloudpickle.unregister_pickle_by_value(probe)
    answered, silent = ray.wait(list(asked), num_returns=len(asked), timeout=PATIENCE)
    if silent:
        raise BlurdctError(
            f"machine {asked[silent[0]]} does not answer within {PATIENCE:g} seconds: ray status "
            "says what it is busy with"
        )
    for one in answered:
        try:
            yield ray.get(one)
        except ray.exceptions.RayError as error:
            why = str(error).strip().splitlines()[-1]
            raise BlurdctError(f"machine {asked[one]} cannot be asked ({why})") from error
