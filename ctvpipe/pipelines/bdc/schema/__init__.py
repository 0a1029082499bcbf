"""The tables of the BDC database."""
