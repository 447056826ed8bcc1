"""The console: imported it is the ASGI app, run for a viewer it is the frame of every page."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from vcanalytics.errors import SettingError
from vcanalytics.settings import is_loopback, load_settings

# With a pages/ folder beside this file, a deep link as the first visit after a start would show
# that page bare, without this frame. Private, hence pinned and tested.
PagesManager.uses_pages_directory = False

if __name__ == "__main__":
    from vcanalytics.ui import frame

    frame.run()
else:
    from vcanalytics.web import app as web

    try:
        _settings = load_settings()
    except SettingError as error:
        raise SystemExit(str(error)) from None
    if not is_loopback(st.get_option("server.address") or ""):
        raise SystemExit(
            "server.address: the console would listen beyond this machine. There is no sign-in "
            "yet: leave it at 127.0.0.1"
        )
    app = st.App(
        __file__,
        routes=web.routes(),
        middleware=web.middleware(),
        lifespan=web.lifespan(_settings, preload=("vcanalytics.ui.frame", "vcanalytics.cached")),
    )
