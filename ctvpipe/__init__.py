"""ctvpipe: the night shift of a television station's data work."""

__version__ = "0.1.0"
