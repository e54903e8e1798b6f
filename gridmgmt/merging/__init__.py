"""Grids of several departments side by side, where they disagree, and their merge into one (多格合一)."""
