"""Service points: where residents are served, by type, capacity and opening status."""
