"""Loops over pixels, blocks and cells in C; where they were not built, NumPy's do the same."""
