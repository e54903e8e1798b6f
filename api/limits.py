"""How large the body of a request may be."""

import re

MAX_BODY_BYTES = 1_000_000
MAX_SITING_BYTES = 4_000_000
"""Of a question with thousands of candidates, each with its names and all that is known of it, and with zones."""
MAX_FILE_BYTES = 64_000_000
"""Of a file that is taken over HTTP, as it is sent; larger ones are imported on the server itself."""

UNLIMITED_BYTES = 2**63
"""What is given to be imported is counted as it is written, against a setting."""

_TAKES_FILES = re.compile(r"/api/v1/drafts/(\d+/)?files")


def body_limit(path: str) -> int:
    """Return how many bytes the body of a request to an address may have.

    >>> body_limit("/api/v1/drafts/7/files") == MAX_FILE_BYTES, body_limit("/api/v1/drafts") == MAX_BODY_BYTES
    (True, True)
    """
    if path in ("/api/v1/imports", "/api/v1/photos"):
        return UNLIMITED_BYTES
    if path == "/api/v1/siting/runs":
        return MAX_SITING_BYTES
    return MAX_FILE_BYTES if _TAKES_FILES.fullmatch(path) else MAX_BODY_BYTES
