"""The console: imported it is the ASGI app, run for a viewer it is the frame of every page."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from vcanalytics.errors import SettingError
from vcanalytics.settings import load_settings

# With a pages/ folder beside this file, a deep link as the first visit after a start would show
# that page bare, without this frame. Private, hence pinned and tested.
PagesManager.uses_pages_directory = False


def _listening() -> tuple[str, int]:
    return st.get_option("server.address") or "", int(st.get_option("server.port"))


if __name__ == "__main__":
    from vcanalytics.ui import frame

    frame.run()
else:
    from vcanalytics.rules_sound import must_be_sound
    from vcanalytics.store.upkeep.room import must_fit
    from vcanalytics.ui.leave import message
    from vcanalytics.web.app import Web
    from vcanalytics.web.proxy import believe_nobody_else

    try:
        _settings = load_settings()
        must_be_sound(_settings)
        must_fit(_settings)
    except SettingError as error:
        raise SystemExit(str(error)) from None
    believe_nobody_else()
    web = Web(_settings, farewell=message("/login?out"))
    app = st.App(
        __file__,
        routes=web.routes(),
        middleware=web.middleware(),
        lifespan=web.lifespan(
            preload=(
                "vcanalytics.ui.frame",
                "vcanalytics.cached",
                "vcanalytics.web.api.app",
                "vcanalytics.web.first_view",
            ),
            listening=_listening,
        ),
    )
