"""What was typed is written into the form of a page that it was typed into, and nowhere else."""

import pytest

from autodoctor.core.filled_forms import Page

PAGE = """<!doctype html>
<main id="main"><p>ä – “Ö”</p>
<form method="post" action="/one/" id="one"><input type="hidden" name="version" value="3">
<input type="hidden" name="token" value="new"><input name="line" value="old" required>
<input type="checkbox" name="sure"><input type="password" name="secret"><textarea name="text" rows="3">
old</textarea><select name="kind"><option value="a" selected>A</option><option value="b">B</option></select>
<label><input type="radio" name="stars" value="1" checked><input type="radio" name="stars" value="2"></label>
<template><input name="row" value="template"></template><input name="row"><input name="row">
<button formaction="/two/?x=1">Other</button></form>
<details class="fold"><summary>More</summary><input name="far" form="one"></details>
<form method="post"><input name="line" value="own"></form>
<form action="/one/"><input name="line" value="search"></form>
</main>"""


def filled(path: str, *typed: tuple[str, str], page: str = PAGE) -> str:
    made = Page(page, "/here/")
    made.fill(path, list(typed))
    return made.text


@pytest.mark.parametrize(
    ("name", "value", "before", "after"),
    [
        ("line", '"<b>&', 'name="line" value="old" required>', 'name="line" value="&quot;&lt;b&gt;&amp;" required>'),
        ("text", "<b>\nä", ">\nold</textarea>", ">&lt;b&gt;\nä</textarea>"),
        ("version", "2", 'name="version" value="3"', 'name="version" value="2"'),
        ("stars", "2", 'name="stars" value="2">', 'name="stars" value="2" checked>'),
        ("stars", "2", 'name="stars" value="1" checked>', 'name="stars" value="1">'),
        ("kind", "b", '<option value="b">', '<option value="b" selected>'),
        ("row", "first", '</template><input name="row">', '</template><input name="row" value="first">'),
        ("far", "x", '<input name="far" form="one">', '<input name="far" form="one" value="x">'),
        ("far", "x", '<details class="fold">', '<details class="fold" open>'),
    ],
)  # fmt: skip
def test_a_field_of_the_form_gets_the_value(name: str, value: str, before: str, after: str) -> None:
    assert before in PAGE
    page = filled("/one/", (name, value))
    assert after in page
    assert before not in page


@pytest.mark.parametrize("name", ["token", "sure", "secret", "other"])
def test_no_other_field_gets_one(name: str) -> None:
    assert filled("/one/", (name, "x")) == PAGE


def test_rows_of_one_name_are_filled_in_their_order() -> None:
    page = filled("/one/", ("row", "first"), ("row", "second"), ("row", "too many"))
    assert '<input name="row" value="first"><input name="row" value="second">' in page
    assert "too many" not in page


def test_a_form_is_known_by_its_address_by_its_buttons_and_without_one_by_the_page() -> None:
    by_button = filled("/two/", ("line", "x"))
    assert by_button == filled("/one/", ("line", "x")) != PAGE
    assert filled("/here/", ("line", "x")) == PAGE.replace('value="own"', 'value="x"')
    assert filled("/elsewhere/", ("line", "x")) == PAGE


def test_of_two_forms_with_one_address_the_one_whose_button_was_pressed_is_meant() -> None:
    form = '<form method="post"><input name="why" value=""><button name="act" value="{0}">{0}</button></form>'
    page = form.format("ban") + form.format("lift")
    assert filled("/here/", ("why", "x"), ("act", "lift"), page=page).index('value="x"') > page.index("</form>")
    assert filled("/here/", ("why", "x"), ("act", "ban"), page=page).index('value="x"') < page.index("</form>")


def test_something_is_put_before_the_rest_of_the_main_part() -> None:
    page = Page(PAGE, "/here/")
    assert page.put_first("<p>first</p>")
    assert page.text == PAGE.replace('<main id="main">', '<main id="main"><p>first</p>')
    assert not Page("<p>nothing</p>", "/here/").put_first("<p>first</p>")
