"""The sales database's schema: its migrations and what they share."""
