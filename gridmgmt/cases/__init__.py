"""Located cases: what was reported where and when, and whether it is closed."""
