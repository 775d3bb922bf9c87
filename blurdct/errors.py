"""One family of errors, and of warnings, for what users bring: a bad photo, setting or model."""


class BlurdctError(ValueError):
    """Anything wrong with what a user brought; its message is one line fit for the terminal."""


class BlurdctWarning(UserWarning):
    """Something that a user should know of what was brought; one line fit for the terminal."""


class ImageError(BlurdctError):
    """A photo that cannot be read; the message names the file and says why."""


class ConfigError(BlurdctError):
    """A setting, manifest or table that does not fit."""


class ModelError(BlurdctError):
    """A model that is missing, broken or made for something else."""
