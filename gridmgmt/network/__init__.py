"""The walking network by edition, and the named walking profiles."""
