"""Rental premises by colour: registered, inspected by a rubric, coloured, and published as counts of areas only."""
