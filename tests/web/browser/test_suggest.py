"""Suggestions to a creator, as a person meets them."""

from __future__ import annotations


def test_a_suggestion_is_accepted_without_scripts(open_tab) -> None:
    tab = open_tab("/suggest", java_script_enabled=False)
    tab.get_by_label("Tags of your track").fill("sitar; tabla")
    tab.get_by_role("button", name="Suggest").click()
    tab.get_by_role("link", name="Add indian").click()
    assert tab.get_by_label("As a list").input_value() == "sitar, tabla, indian"


def test_the_list_is_copied(open_tab) -> None:
    tab = open_tab("/suggest?tags=sitar,tabla", permissions=["clipboard-read", "clipboard-write"])
    tab.get_by_role("button", name="Copy").click()
    tab.get_by_role("button", name="Copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == "sitar, tabla"
