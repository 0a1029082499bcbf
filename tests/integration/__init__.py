"""Tests against real servers on loopback ports."""
