"""What the jobs cost, as ratios to bare programs measured in the same run on the same machine (``make bench``)."""
