"""Processes: the only place that starts any outside ``service.supervisor``."""
