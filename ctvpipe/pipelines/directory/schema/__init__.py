"""The directory database: its tables and its migrations."""
