"""A choice between ways to look at one thing, kept in the URL like everything a link must carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from vcanalytics.ui import live


@dataclass(frozen=True, slots=True)
class Choice:
    """Ways to look, by the value the URL carries as ``param``; the first is the default."""

    label: str
    param: str
    options: Mapping[str, str]

    @property
    def value(self) -> str:
        """What the URL says; the default where it says nothing that is one."""
        asked = st.query_params.get(self.param, "")
        return asked if asked in self.options else next(iter(self.options))

    def draw(self, *, whole_page: bool = False) -> str:
        """The control; returns the value that is chosen.

        ``whole_page``: what it changes stands outside the fragment that it stands in.
        """
        value, key = self.value, f"choice_{self.param}"
        st.session_state[key] = value
        st.segmented_control(
            self.label,
            list(self.options),
            format_func=self.options.__getitem__,
            key=key,
            required=True,
            label_visibility="collapsed",
            on_change=_write,
            args=(self.param, key, next(iter(self.options)), whole_page),
        )
        return value


def _write(param: str, key: str, default: str, whole_page: bool) -> None:
    picked = st.session_state.get(key)
    if picked and picked != default:
        st.query_params[param] = picked
    else:
        st.query_params.pop(param, None)
    if whole_page:
        live.rerun_page()
