"""Whether a spot is placeable for a new service point: checks with evidence against norms with editions."""
