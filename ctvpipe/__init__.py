"""ctvpipe: the night shift of a television station's data work."""

__version__ = "0.1.0"
# The day this version was made: no clock is right that says an earlier one.
RELEASED = "2026-11-22"
