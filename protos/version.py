"""The release. The build reads it here; both sides tell it to each other."""

__version__ = "0.1.0"
