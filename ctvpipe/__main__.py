"""``python -m ctvpipe`` is the command ``ctvpipe``."""

from ctvpipe.cli.app import main

main()
