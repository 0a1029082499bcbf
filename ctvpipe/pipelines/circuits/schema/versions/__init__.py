"""The schema of the circuits' database, one numbered migration after the other."""
