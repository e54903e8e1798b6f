"""Who acts: accounts, roles and their areas, sessions, API keys, and the log of every change."""
