"""Residents by age band per place: counted, modelled, or places without counts."""
