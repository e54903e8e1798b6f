"""One area with all that is known of it: each number with its source and the way to its evidence."""
