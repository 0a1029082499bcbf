"""The schema of the BDC database, one numbered migration after the other."""
