"""Counts and times of a service for Prometheus, over all its processes."""

import os
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from .settings import COUNTS, PLACE

if (_folder := os.environ.get(COUNTS)) and (_place := os.environ.get(PLACE)):
    # It goes on counting in the files of the one that it replaces: they do not pile up.
    mark_process_dead(_place, _folder)
    _shared, _own = values.MultiProcessValue(lambda: _place), values.MutexValue

    def _value(*given: Any, **named: Any) -> Any:
        """A number of the folder; of this process alone if the folder is gone or full."""
        try:
            return _shared(*given, **named)
        except OSError:
            return _own(*given, **named)

    values.ValueClass = _value

BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)  # seconds

REQUESTS = Counter("blurdct_requests", "Requests by path and status.", ["path", "status"])
ERRORS = Counter("blurdct_errors", "Requests with a status of 400 and more.", ["path", "status"])
SECONDS = Histogram("blurdct_seconds", "From request to answer.", ["path"], buckets=BUCKETS)
BYTES = Counter("blurdct_received_bytes", "Bytes of the bodies of requests.")
PHOTOS = Counter("blurdct_photos", "Photographs by label; those without: unreadable.", ["label"])
ACTIVE = Gauge("blurdct_active", "Requests in progress.", multiprocess_mode="livesum")
QUEUE = Gauge("blurdct_queue", "Requests that wait for a thread.", multiprocess_mode="livesum")

TYPE = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """All of them as text; those of all processes if they share a folder that is there."""
    if folder := os.environ.get(COUNTS):  # where the library looks, too, when it is imported
        try:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, folder)
            return generate_latest(registry)
        except (OSError, ValueError):  # somebody removed it
            pass
    return generate_latest(REGISTRY)
