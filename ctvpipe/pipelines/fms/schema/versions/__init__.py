"""The schema of the FMS database, one numbered migration after the other."""
