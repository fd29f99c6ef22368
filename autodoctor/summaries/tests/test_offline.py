"""The copy of the last summary that a device keeps."""

import re
from datetime import timedelta

from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.sessions.models import Session
from autodoctor.summaries.tests.desk import Desk

ADDRESS = "/summaries/last/"


def test_the_copy_is_whole_and_says_whose_and_as_of_when_it_is(desk: Desk) -> None:
    desk.submit(photos=desk.photos(2))
    for person in (desk.customer, desk.mechanic):
        answer = desk.client(person).get(ADDRESS)
        assert (answer.status_code, answer["Kept-For"]) == (200, str(person.pk))
        assert "no-store" in answer["Cache-Control"]
        page = answer.content.decode()
        assert "You are offline" in page
        assert "As this device had it on" in page
        assert "The minus clamp is corroded." in page
        assert page.count('src="data:image/jpeg;base64,/9j/') == 2
        assert not re.findall(r'(?:src|href)="/(?:sessions|files)/', page)


def test_a_copy_that_is_still_right_is_not_sent_again(desk: Desk) -> None:
    desk.submit()
    client = desk.client(desk.customer)
    tag = client.get(ADDRESS)["ETag"]
    again = client.get(ADDRESS, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    desk.correct("It is the other clamp.")
    corrected = client.get(ADDRESS, headers={"If-None-Match": tag})
    assert "It is the other clamp." in corrected.content.decode()
    assert desk.client(desk.mechanic).get(ADDRESS)["ETag"] != tag


def test_the_newest_summary_is_copied(customer: User, mechanic: User) -> None:
    first, second = Desk(customer, mechanic), Desk(customer, mechanic)
    first.submit(findings="The older finding.")
    assert "The older finding." in first.client(customer).get(ADDRESS).content.decode()
    Session.objects.filter(pk=second.id).update(created_at=second.now + timedelta(minutes=1))
    second.submit(findings="The newer finding.")
    page = first.client(customer).get(ADDRESS).content.decode()
    assert "The newer finding." in page
    assert "The older finding." not in page


def test_there_is_no_copy_for_anybody_else(desk: Desk, stranger: User, support: User) -> None:
    assert desk.client(desk.customer).get(ADDRESS).status_code == 204  # not written yet
    desk.submit()
    for person in (stranger, support):
        answer = desk.client(person).get(ADDRESS)
        assert (answer.status_code, answer.content) == (204, b"")
    signed_out = Client().get(ADDRESS)
    assert signed_out.status_code == 302
    assert "ETag" not in signed_out
