"""Answers that are made of plain values, held against the schema that describes them."""

from typing import Any

from pydantic import BaseModel


def as_described(model: type[BaseModel], body: Any) -> Any:  # JSON
    """Return a body that holds what a schema describes: all of it, in its types, and nothing else."""
    assert model.model_validate(body).model_dump(mode="json") == body
    return body
