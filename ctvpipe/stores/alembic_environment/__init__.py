"""Alembic's environment, shared by every pipeline's migrations."""
