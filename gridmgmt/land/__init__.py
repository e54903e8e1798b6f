"""What lies on the land between the streets: water, rail, walls, hazards and land use."""
