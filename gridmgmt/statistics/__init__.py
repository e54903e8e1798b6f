"""Counts over points and figures of whole areas, on any boundary edition."""
