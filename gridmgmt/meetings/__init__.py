"""Joint meetings: who sits in them, what residents bring before them, what they decide, and what became of it."""
