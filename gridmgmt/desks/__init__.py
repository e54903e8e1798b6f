"""Service desks: what they take, when they are open, how many come, which is nearest; and whose job something is."""
