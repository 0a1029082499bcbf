"""Circuits: the order CSV, the devices of the network, and what follows from both."""
