"""Silver: one typed record a department, person and group, made of the newest versions of all sources (facts 4.8 to 4.10)."""
