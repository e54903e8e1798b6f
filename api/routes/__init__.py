"""The routes of the interface, one module a subject."""

PREFIX = "/api/v1"
"""Where the interface begins; a change that breaks a client is a new number."""
