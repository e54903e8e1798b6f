"""Boundary editions from draft to in force: edits, what they change, their check, approval and lineage."""
