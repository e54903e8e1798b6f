"""Bodies of areas with their posts, services and agreements; facts of areas with unit, bound, source and day."""
