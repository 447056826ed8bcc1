"""The account menu, which everybody has at the top of every page."""

from __future__ import annotations

import pytest

from tests.pages.signed_in import OTHER, PASSWORD, can_sign_in, signed_in
from tests.pages.test_odd_shop import MARKDOWN, SCRIPT, assert_literal
from tests.pages.viewer import Shown, Viewer, finish
from vcanalytics.accounts import Accounts, Role


def test_a_hostile_name_is_harmless_at_the_top_too(accounts: Accounts) -> None:
    for text in (SCRIPT, MARKDOWN):
        shown = Viewer(me=signed_in(text, Role.VIEWER)).open("overview")
        shown.assert_well()
        assert_literal(shown)


def test_the_menu_says_who_one_is_and_leaves_by_a_form(accounts: Accounts) -> None:
    shown = Viewer(me=signed_in("asha", Role.OPERATOR)).open("overview")

    assert "asha" in shown.text
    assert "Operator" in shown.text
    assert '"vectorcraft_sign_out"' in shown.components


def own_password(viewer: Viewer, current: str, new: str, again: str) -> Shown:
    viewer.open("overview")
    viewer.app.button(key="own_password_open").click().run()
    for key, text in zip(
        ("own_password", "own_new_password", "own_new_password_again"),
        (current, new, again),
        strict=True,
    ):
        viewer.app.text_input(key=key).set_value(text)
    form = next(b for b in viewer.app.form_submit_button if b.label == "Change password")
    form.click().run()
    return Shown(viewer.app)


def test_everybody_changes_their_own_password(accounts: Accounts) -> None:
    viewer = Viewer(me=signed_in("vic", Role.VIEWER))
    assert len(accounts.sessions("vic")) == 2

    shown = own_password(viewer, PASSWORD, OTHER, OTHER)

    assert "Your password is changed" in shown.text
    assert [session.number for session in accounts.sessions("vic")] == [viewer.me.session]
    assert can_sign_in(accounts, "vic", OTHER)
    assert not {PASSWORD, OTHER} & {str(v) for v in viewer.app.session_state.to_dict().values()}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("wrong", OTHER, OTHER), "The name or the password is wrong"),
        ((PASSWORD, OTHER, OTHER + "s"), "typed in two ways"),
        ((PASSWORD, "short", "short"), "shorter than 12 characters"),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(
    accounts: Accounts, typed: tuple[str, str, str], said: str
) -> None:
    shown = own_password(Viewer(me=signed_in("vic", Role.VIEWER)), *typed)

    assert said in shown.text
    assert can_sign_in(accounts, "vic")


def test_everybody_signs_out_everywhere(accounts: Accounts) -> None:
    viewer = Viewer(me=signed_in("vic", Role.VIEWER))
    viewer.open("overview")
    viewer.app.button(key="everywhere_open").click().run()
    assert len(accounts.sessions("vic")) == 2
    finish(viewer, "dialog_yes")

    assert accounts.sessions("vic") == []
    assert [title.value for title in viewer.app.title] == ["You are signed out"]
