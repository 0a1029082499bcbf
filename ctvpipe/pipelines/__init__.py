"""One package a source system; none imports another."""
