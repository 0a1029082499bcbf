"""The sales database's schema, one numbered migration after the other."""
