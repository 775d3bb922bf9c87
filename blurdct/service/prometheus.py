"""Counts and times of a service for Prometheus, over all its processes."""

import os

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
    values.ValueClass = values.MultiProcessValue(lambda: _place)

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
    """All of them as text; those of all processes if they share a folder."""
    folder = os.environ.get(COUNTS)  # where the library looks, too, when it is imported
    if not folder:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)
    return generate_latest(registry)
