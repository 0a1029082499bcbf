"""Writing databases: engine, migrations, bulk load, backup."""
