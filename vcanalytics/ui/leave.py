"""The message that has an open page go elsewhere, as Streamlit's own sign-in sends it."""

from __future__ import annotations

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


def message(url: str) -> bytes:
    """What is sent over Streamlit's socket for the page to load ``url`` in its place."""
    forward = ForwardMsg()
    forward.auth_redirect.url = url
    return bytes(forward.SerializeToString())
