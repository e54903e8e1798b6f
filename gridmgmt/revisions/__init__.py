"""Layer revisions: a number per drawn layer that every write to its tables advances in the same transaction."""
