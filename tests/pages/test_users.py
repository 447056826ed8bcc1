"""Users: what an admin does there, and that nobody else does any of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import streamlit as st

from tests.pages.signed_in import OTHER, PASSWORD, can_sign_in, signed_in
from tests.pages.test_odd_shop import HOSTILE, assert_literal
from tests.pages.viewer import PAGES, Shown, Viewer, finish, press
from vcanalytics.accounts import Accounts, Role

# What each action of the page is: how far an admin comes, and the button that does it.


def _change_role(viewer: Viewer) -> str:
    viewer.open("users", user="vic")
    viewer.app.selectbox(key="role_viewer_vic").set_value("operator")
    return "Change role"


def _set_password(viewer: Viewer) -> str:
    viewer.open("users", user="vic")
    viewer.app.text_input(key="password_vic").set_value(OTHER)
    return "Set password"


def _disable(viewer: Viewer) -> str:
    viewer.open("users", user="vic")
    viewer.app.button(key="user_disable").click().run()
    return "dialog_yes"


def _sign_out(viewer: Viewer) -> str:
    viewer.open("users", user="vic")
    viewer.app.button(key="user_sign_out").click().run()
    return "dialog_yes"


def _enable(viewer: Viewer) -> str:
    viewer.open("users", user="gone")
    return "Enable"


def _invite(viewer: Viewer) -> str:
    viewer.open("users")
    viewer.app.text_input(key="invite_name").set_value("kim")
    return "Make a link"


def _renew(viewer: Viewer) -> str:
    viewer.open("users", user="lena")
    return "New link"


def _withdraw(viewer: Viewer) -> str:
    viewer.open("users", user="lena")
    viewer.app.button(key="user_withdraw").click().run()
    return "dialog_yes"


def _end_session(viewer: Viewer) -> str:
    viewer.app.session_state["session_picked"] = 1
    viewer.open("users")
    viewer.app.button(key="session_end").click().run()
    return "dialog_yes"


def _end_all(viewer: Viewer) -> str:
    viewer.app.session_state["session_picked"] = 1
    viewer.open("users")
    viewer.app.button(key="session_end_all").click().run()
    return "dialog_yes"


def _create_token(viewer: Viewer) -> str:
    viewer.open("users")
    viewer.app.text_input(key="token_name").set_value("importer")
    return "Create token"


def _revoke(viewer: Viewer) -> str:
    viewer.app.session_state["token_picked"] = "grafana"
    viewer.open("users")
    viewer.app.button(key="token_revoke").click().run()
    return "dialog_yes"


ACTIONS: list[Callable[[Viewer], str]] = [
    _change_role,
    _set_password,
    _disable,
    _sign_out,
    _enable,
    _invite,
    _renew,
    _withdraw,
    _end_session,
    _end_all,
    _create_token,
    _revoke,
]
every_action = pytest.mark.parametrize(
    "begin", ACTIONS, ids=lambda begin: begin.__name__.strip("_")
)


@every_action
def test_who_is_no_admin_any_more_is_refused_and_it_is_written_down(
    accounts: Accounts, admin: Viewer, begin: Callable[[Viewer], str]
) -> None:
    signed_in("grace", Role.ADMIN)
    button = begin(admin)
    # The page is open, and its buttons are there, when the role is taken away.
    accounts.set_role("ada", Role.VIEWER, by="test")
    before = [accounts.users(), accounts.sessions(), accounts.tokens(), accounts.invitations()]

    shown = finish(admin, button)

    after = [accounts.users(), accounts.sessions(), accounts.tokens(), accounts.invitations()]
    assert after == before
    assert not can_sign_in(accounts, "vic", OTHER)
    assert "Only an admin may open the Users page" in shown.text
    assert list(shown.app.exception) == []
    noted = accounts.audit(action="refused")
    assert {entry.actor for entry in noted} == {"ada"}
    # The action, and the page that would have been drawn after it.
    assert len(noted) == 2
    assert all(entry.detail.endswith("needs admin, is viewer") for entry in noted)


@every_action
def test_an_admin_does_it_and_it_is_written_down(
    accounts: Accounts, admin: Viewer, begin: Callable[[Viewer], str]
) -> None:
    button = begin(admin)
    before = accounts.audit_count(actor="ada")

    finish(admin, button).assert_well()

    assert accounts.audit_count(actor="ada") == before + 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_link_to_users_is_refused_to_others_and_it_is_written_down(
    accounts: Accounts, role: Role
) -> None:
    viewer = Viewer(me=signed_in("someone", role))
    shown = viewer.open("users", user="vic")

    shown.assert_well()
    assert "Only an admin may open the Users page" in shown.text
    assert "vic" not in shown.cells
    assert [button.label for button in shown.app.form_submit_button] == []
    (entry,) = accounts.audit(action="refused")
    assert (entry.actor, entry.detail) == (
        "someone",
        f"open the Users page: needs admin, is {role}",
    )
    # The rest of the console is theirs.
    for page in sorted(set(PAGES) - {"users"}):
        viewer.open(page).assert_well()
    assert accounts.audit_count(action="refused") == 1


def test_navigation_shows_users_to_admins_alone(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, list[str]] = {}
    navigation = st.navigation

    def watched(pages: list[Any], **options: Any) -> Any:
        shown[role.value] = [page.title for page in pages if page.visibility == "visible"]
        return navigation(pages, **options)

    monkeypatch.setattr(st, "navigation", watched)
    for role in Role:
        Viewer(me=signed_in(f"some {role}", role)).open("overview").assert_well()

    assert shown["viewer"] == shown["operator"]
    assert shown["admin"] == [*shown["viewer"], "Users"]


def test_who_is_signed_out_sees_nothing(accounts: Accounts) -> None:
    me = signed_in("someone", Role.ADMIN)
    viewer = Viewer(me=me)
    viewer.open("users")
    accounts.sign_out_everywhere("someone", by="test")

    viewer.app.run()

    assert [title.value for title in viewer.app.title] == ["You are signed out"]
    assert list(viewer.app.dataframe) == []


# What the actions do.


def test_a_link_is_shown_once_and_lets_in(accounts: Accounts, admin: Viewer) -> None:
    shown = finish(admin, _invite(admin))

    (link,) = [code.value for code in shown.app.code]
    path, secret = urlsplit(link).path.rsplit("/", 1)
    assert path == "/welcome"
    assert [row[0] for row in shown.app.dataframe[0].value.itertuples(index=False)][-2] == "kim"
    shown = press(admin, "I have copied it")
    assert list(shown.app.code) == []
    assert secret not in str(shown.app.session_state.to_dict())
    assert secret not in "".join(str(entry) for entry in accounts.audit())
    accounts.redeem(secret, "kim", PASSWORD, address="192.0.2.1")
    assert can_sign_in(accounts, "kim")


def test_a_new_link_ends_the_old_one(accounts: Accounts, admin: Viewer) -> None:
    old = accounts.invite("lena", Role.VIEWER, by="test")
    shown = finish(admin, _renew(admin))
    (link,) = [code.value for code in shown.app.code]

    assert accounts.invitation(old) is None
    assert accounts.invitation(link.rsplit("/", 1)[1]) is not None


def test_an_invitation_is_withdrawn(accounts: Accounts, admin: Viewer) -> None:
    shown = finish(admin, _withdraw(admin))

    assert accounts.invitations() == []
    assert "The invitation of lena is withdrawn" in shown.text


def test_a_name_that_is_taken_is_said_where_it_was_typed(accounts: Accounts, admin: Viewer) -> None:
    admin.open("users")
    admin.app.text_input(key="invite_name").set_value("VIC")
    shown = press(admin, "Make a link")

    assert "There is a user of that name already" in shown.text
    assert admin.app.text_input(key="invite_name").value == "VIC"
    assert list(shown.app.code) == []


def test_a_role_is_changed(accounts: Accounts, admin: Viewer) -> None:
    shown = finish(admin, _change_role(admin))

    assert {user.name: user.role for user in accounts.users()}["vic"] is Role.OPERATOR
    assert "vic is operator now" in shown.text


def test_a_password_is_set_and_ends_every_session(accounts: Accounts, admin: Viewer) -> None:
    shown = finish(admin, _set_password(admin))

    assert "vic has a new password" in shown.text
    assert accounts.sessions("vic") == []
    assert can_sign_in(accounts, "vic", OTHER)
    assert not can_sign_in(accounts, "vic")
    assert OTHER not in str(admin.app.session_state.to_dict())


def test_a_weak_password_is_refused_in_words(accounts: Accounts, admin: Viewer) -> None:
    admin.open("users", user="vic")
    admin.app.text_input(key="password_vic").set_value("password1234")
    shown = press(admin, "Set password")

    assert "The password is among the first that a guesser tries" in shown.text
    assert can_sign_in(accounts, "vic")


def test_disabling_is_asked_about_first(accounts: Accounts, admin: Viewer) -> None:
    _disable(admin)
    assert can_sign_in(accounts, "vic")
    assert "cannot sign in until they are enabled" in Shown(admin.app).text
    admin.app.button(key="dialog_no").click().run()
    assert can_sign_in(accounts, "vic")
    assert "dialog_yes" not in {button.key for button in admin.app.button}

    shown = finish(admin, _disable(admin))
    assert "vic is disabled" in shown.text
    assert not can_sign_in(accounts, "vic")
    press(admin, "Enable")
    assert can_sign_in(accounts, "vic")


def test_a_dialog_stays_while_the_page_is_redrawn_behind_it(
    accounts: Accounts, admin: Viewer
) -> None:
    _disable(admin)
    admin.app.run()

    assert admin.app.button(key="dialog_yes").label == "Disable"


def test_ones_own_account_cannot_be_locked_out(accounts: Accounts, admin: Viewer) -> None:
    admin.app.session_state["session_picked"] = admin.me.session
    shown = admin.open("users", user="ada")

    assert "This is you" in shown.text
    assert "This is the session you are in" in shown.text
    labels = {button.label for button in shown.app.button}
    assert not labels & {"Disable", "Change role", "Set password", "End session", "End all of ada"}


def test_a_session_is_ended_by_its_number_wherever_it_stands(
    accounts: Accounts, admin: Viewer
) -> None:
    accounts.sign_in("asha", PASSWORD, address="192.0.2.7")
    _end_session(admin)
    accounts.sign_in("asha", PASSWORD, address="192.0.2.8")
    finish(admin, "dialog_yes")

    assert accounts.sessions("vic") == []
    assert len(accounts.sessions("asha")) == 2


def test_sessions_are_those_of_the_user_that_is_open(accounts: Accounts, admin: Viewer) -> None:
    accounts.sign_in("asha", PASSWORD, address="192.0.2.7")

    def addresses(shown: Shown) -> set[str]:
        listed = next(f.value for f in shown.app.dataframe if "browser" in f.value)
        return set(listed["address"])

    assert {"192.0.2.7", "192.0.2.9"} <= addresses(admin.open("users"))
    assert addresses(admin.open("users", user="asha")) == {"192.0.2.7"}
    assert "Nobody is signed in here" in admin.open("users", user="gone").text


def test_a_token_is_shown_once_and_works_until_it_is_revoked(
    accounts: Accounts, admin: Viewer
) -> None:
    shown = finish(admin, _create_token(admin))
    (token,) = [code.value for code in shown.app.code]
    found = accounts.bearer(token)
    assert found is not None
    assert (found.token, found.role) == ("importer", Role.VIEWER)
    assert list(admin.open("users", user="vic").app.code) != []
    press(admin, "I have copied it")
    assert token not in str(admin.app.session_state.to_dict())

    admin.app.session_state["token_picked"] = "importer"
    admin.open("users")
    admin.app.button(key="token_revoke").click().run()
    assert accounts.bearer(token) is not None
    assert "cannot be taken back" in Shown(admin.app).text
    finish(admin, "dialog_yes")
    assert accounts.bearer(token) is None


def test_an_unknown_user_is_said_to_be_one(accounts: Accounts, admin: Viewer) -> None:
    for name in ("nobody", *HOSTILE, "", "\x00", "a" * 5_000):
        shown = admin.open("users", user=name)
        shown.assert_well()
        assert_literal(shown)
        assert "This user is not known" in shown.text


def test_hostile_names_are_shown_to_the_letter_and_do_nothing(
    accounts: Accounts, admin: Viewer
) -> None:
    for text in HOSTILE:
        accounts.add_user(text, PASSWORD, Role.VIEWER, by="test")
        accounts.sign_in(text, PASSWORD, address="192.0.2.3", agent=text)
        accounts.create_token(text, Role.VIEWER, by=admin.me)
        accounts.note("tried", actor=text, target=text, address=text, detail=text)
    assert set(HOSTILE) <= admin.open("users").cells
    assert_literal(Shown(admin.app))
    for text in HOSTILE:
        number = accounts.sessions(text)[0].number
        admin.app.session_state["session_picked"] = number
        admin.app.session_state["token_picked"] = text
        for key in ("user_disable", "user_sign_out", "session_end", "token_revoke"):
            admin.open("users", user=text, actor=text, action=text)
            admin.app.button(key=key).click().run()
            shown = Shown(admin.app)
            shown.assert_well()
            assert_literal(shown)
            admin.app.button(key="dialog_yes").click().run()
            shown = Shown(admin.app)
            shown.assert_well()
            assert_literal(shown)
            accounts.enable(text, by="test")
            if not accounts.sessions(text):
                found = accounts.sign_in(text, PASSWORD, address="192.0.2.3")
                admin.app.session_state["session_picked"] = found.principal.session
