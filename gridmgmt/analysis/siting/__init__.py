"""Where the next points should go: exact and bounded answers over walking times, without a database."""
