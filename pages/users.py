"""Users: who may come in, where they are signed in, programs' tokens, and what was noted."""

from __future__ import annotations

import streamlit as st

from vcanalytics.accounts import Role
from vcanalytics.cached import people
from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import (
    audit,
    notices,
    panels,
    refresh,
    sessions,
    tokens,
    toolbar,
    users,
    who,
)

#: The range is the audit log's.
DEFAULTS = Defaults(preset="30d", compare="none")

who.require(Role.ADMIN, "open the Users page")

view = toolbar.draw("Users", DEFAULTS, compares=False, keep_range=False)
notices.draw()

found = people.users()
wide, narrow = st.columns([1.55, 1], gap="xsmall")
with wide, panels.box("users"), panels.contained("users"):
    users.listing(found, view)
with narrow, panels.box("user"), panels.contained("user"):
    users.beside(found, view)

wide, narrow = st.columns([1.55, 1], gap="xsmall")
with wide, panels.box("sessions"):
    sessions.draw(view)
with narrow, panels.box("tokens"):
    tokens.draw(view)

with panels.box("audit"):
    audit.draw(view)

refresh.whole_page("users")
