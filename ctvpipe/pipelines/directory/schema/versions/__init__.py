"""The schema of the directory database, one numbered migration after the other."""
