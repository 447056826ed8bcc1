"""Streamlit's test runner, which looks only once for components among what is installed.

It would read the metadata of every distribution again for each viewer, a third of what a page
costs in a test; nothing is installed while tests run.
"""

from __future__ import annotations

from functools import cache

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

__all__ = ["AppTest"]

# Private, hence pinned: `BidiComponentManager` imports it each time it looks.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
