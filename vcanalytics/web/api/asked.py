"""What may be asked for: parameters, and how they are read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Nothing(BaseModel):
    """No parameter at all: one that is none is a mistake, and named."""

    model_config = ConfigDict(extra="forbid")
