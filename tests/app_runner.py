"""Streamlit's test runner, which does once what it would do again for each run of a script.

It would read the metadata of every distribution again for each viewer, a third of what a page
costs in a test, and parse every page's file again for each run; nothing is installed or edited
while tests run. And it would wake each millisecond to see whether the script has ended, which keeps
the script itself from running.
"""

from __future__ import annotations

from functools import cache

from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

__all__ = ["AppTest"]

# Private, hence pinned: `BidiComponentManager` imports it each time it looks.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
# The app's file and its pages' are asked of two; scripts made of text lie where their text says.
_parsed = ScriptCache()
for _asking in (app_test, local_script_runner):
    _asking.ScriptCache = lambda: _parsed  # type: ignore[attr-defined]


def _wait_for_the_end(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
    assert runner._script_thread is not None
    runner._script_thread.join(timeout)
    if not runner.script_stopped():
        runner.request_stop()
        runner.join()
        raise RuntimeError(f"the script had not ended after {timeout} s")


local_script_runner.require_widgets_deltas = _wait_for_the_end
