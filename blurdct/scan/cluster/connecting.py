"""To a Ray cluster, or to one of this machine that lives as long as the scan."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import BlurdctError, ConfigError
from ...parallel.cores import cores
from ...utils.installing import install_hint

AUTO = "auto"  # the cluster that runs here
VARIABLE = "RAY_ADDRESS"  # set within what ray job submit starts
CLIENT = "ray://"
PATIENCE = 5.0  # seconds to reach an address in
# Nothing is reported to the makers of Ray; the core is silent but for what ends it.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}


def need_ray() -> None:
    """Refuse to go on without Ray Data.

    Raises:
        ConfigError: It is not installed, or cannot be loaded.
    """
    try:
        import pyarrow  # noqa: F401
        import ray.data  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"--engine ray needs Ray: {install_hint('ray', error)}") from error


@contextmanager
def connected(address: str | None, workers: int | None) -> Iterator[Any]:
    """Ray, connected; whatever was started for it is ended.

    Args:
        address: ``auto`` for the cluster of this machine, or ``HOST:PORT``; None for what
            RAY_ADDRESS says, else for a cluster of this process's own. Who has connected already
            stays so.
        workers: Cores of a cluster of its own.

    Raises:
        ConfigError: No cluster there, or one of another version.
    """
    need_ray()
    import ray

    if ray.is_initialized():
        yield ray
        return
    address = address or os.environ.get(VARIABLE)
    if address:
        _check_address(address)
    own: dict[str, Any] = (
        {} if address else {"num_cpus": workers or cores(), "include_dashboard": False}
    )
    try:
        with _quiet():
            ray.init(address or "local", logging_level=logging.ERROR, log_to_driver=False, **own)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise _refusal(address, error) from error
    try:
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Ray's core says nothing on standard error from now on, nor that it will say nothing."""
    added = {name: value for name, value in QUIET.items() if name not in os.environ}
    os.environ.update(added)
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
        for name in added:
            os.environ.pop(name, None)


def _check_address(address: str) -> None:
    """Ray itself takes a minute to find that nobody is there."""
    if address.startswith(CLIENT):
        raise ConfigError(
            f"{address}: a scan runs on a machine of the cluster; start it there, or send it: "
            "ray job submit --address http://HOST:8265 -- blurdct scan ..."
        )
    if address == AUTO:
        return
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 2**16):
        raise ConfigError(f"--address {address}: expected auto or HOST:PORT, such as 10.0.0.1:6379")
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as error:
        why = error.strerror or "it does not answer"
        raise ConfigError(
            f"--address {address}: no Ray cluster there ({why}); ray start --head starts one, and "
            "says its address"
        ) from error


def _refusal(address: str | None, error: Exception) -> BlurdctError:
    words = " ".join(str(error).split())
    _, mismatch, versions = words.partition("Version mismatch:")
    at = f"--address {address}"
    if mismatch:
        return ConfigError(f"{at}: other versions than here ({versions.strip()}); install the same")
    if address == AUTO and isinstance(error, ConnectionError):
        return ConfigError(
            f"{at}: no Ray cluster runs on this machine; ray start --head starts one, "
            "ray start --address=HOST:PORT joins one"
        )
    if address and "node" in words.lower():
        return ConfigError(
            f"{at}: this machine is no part of that cluster; ray start --address={address} joins "
            "it, or start the scan there by ray job submit"
        )
    return BlurdctError(f"Ray does not start ({words[:200]})")
