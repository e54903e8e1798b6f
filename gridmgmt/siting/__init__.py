"""Siting: where the next points should go, how sure that is, and the plans made of it."""
