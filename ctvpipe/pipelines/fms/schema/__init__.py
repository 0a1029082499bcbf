"""The FMS database: its tables and its migrations."""
