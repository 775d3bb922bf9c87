"""The version, read by the build and by everything that says which version wrote a file."""

__version__ = "0.1.0"
