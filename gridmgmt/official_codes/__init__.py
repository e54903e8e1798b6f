"""Official codes: the yearly table of the statistics bureau, and how the areas agree with it."""
