"""The levels of a workspace as its admins set them: by keyboard, together with others, and as everybody reads them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from mlopsportal.specs.practices import DEFAULTS
from tests.browser.conftest import SignedIn
from tests.browser.people import Person, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLACE = "/w/demo/practices/"
OWNED, TIMED = "Level of “Somebody owns it”", "Level of “Steps end in time”"


def saved(page: Page) -> None:
    page.get_by_role("button", name="Save the levels").press("Enter")


def test_two_admins_set_levels_by_keyboard_and_neither_writes_over_the_other(signed_in: SignedIn) -> None:
    admin, other = signed_in("admin"), signed_in("admin")
    page, late = admin.goes(PLACE), other.goes(PLACE)
    chosen = page.get_by_label(OWNED)
    chosen.focus()
    page.keyboard.type("soft")
    saved(page)
    expect(page.get_by_text("They hold from now on.")).to_be_visible()
    expect(page.get_by_label(OWNED)).to_have_value("soft")

    late.get_by_label(TIMED).select_option("off")
    saved(late)
    expect(late.get_by_text("Set by somebody else meanwhile, and left so: Somebody owns it is soft.")).to_be_visible()
    expect(late.get_by_label(OWNED)).to_have_value("soft")
    expect(late.get_by_label(TIMED)).to_have_value("off")

    other.watch.expected.add(409)
    page.get_by_label(OWNED).select_option("hard")
    saved(page)
    expect(page.get_by_label(OWNED)).to_have_value("hard")
    late.get_by_label(OWNED).select_option("off")
    saved(late)
    expect(late.get_by_role("alert")).to_contain_text("It is hard now, and you chose off.")
    assert violations(late) == []
    late.get_by_role("link", name="Somebody owns it").first.press("Enter")
    expect(late.get_by_label(OWNED)).to_be_focused()
    late.get_by_label(OWNED).select_option("hard")
    saved(late)
    expect(late.get_by_text("They hold from now on.")).to_be_visible()
    expect(late.get_by_label(OWNED)).to_have_value("hard")
    expect(late.get_by_label(TIMED)).to_have_value("off")
    restored(admin)


def restored(admin: Person) -> None:
    """Set everything back: the portal is shared with other tests."""
    page = admin.goes(PLACE)
    for label, code in ((OWNED, "owned"), (TIMED, "timeout-set")):
        page.get_by_label(label).select_option(DEFAULTS[code])
    saved(page)
    expect(page.get_by_text("They hold from now on.")).to_be_visible()


def test_a_reader_finds_the_levels_from_the_workspace_on_a_phone(signed_in: SignedIn) -> None:
    viewer = signed_in("viewer", viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = viewer.goes("/w/demo/")
    page.get_by_role("link", name="Practices and how strictly each is taken").click()
    expect(page.get_by_role("heading", name="Best practices")).to_be_visible()
    expect(page.get_by_role("combobox", name="Level of")).to_have_count(0)
    expect(page.get_by_text("It takes the role admin in this workspace to set the levels.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []
    page.get_by_role("link", name="Somebody owns it").click()
    expect(page).to_have_url(f"{viewer.portal.address}/help/checks/owned/")
