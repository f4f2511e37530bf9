"""Cells, the one scan they run in, and networks."""
