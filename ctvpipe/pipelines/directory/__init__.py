"""The campus directory: departments, people and groups of four sources, kept as they came and merged into one record each."""
