"""The one error that a person is meant to read."""


class LaunchError(Exception):
    """Something is not as it must be. The message says what, and what to do about it."""
