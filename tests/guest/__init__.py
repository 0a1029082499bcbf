"""The package where a container cannot show it: on arm64 under emulation, and on a machine with a kernel of its own."""
