"""The synthetic demo district: made by code from a seed, like a city but of no real place."""
