"""What every pipeline shares and no pipeline owns."""
