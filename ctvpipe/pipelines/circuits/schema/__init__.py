"""The circuits' database: its tables and its migrations."""
