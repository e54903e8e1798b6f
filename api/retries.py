"""The header by which a client tells that a request is a retry of an earlier one."""

from typing import Annotated

from fastapi import Header

RetryKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Made by the client: a retry within seven days changes nothing and is answered alike.",
    ),
]
