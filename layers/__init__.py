"""What can be drawn: layer specifications, tile and feature statements, styles."""
