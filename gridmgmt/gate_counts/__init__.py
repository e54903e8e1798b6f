"""How many pass the gates of a community, by class and quarter of an hour: counts, never persons."""
