"""Another mechanic goes on with a running session: three people in three browsers."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys import calls, staging
from tests.journeys.calls import DEVICES, KEEP_ALL, STEADY, hears_the_tone, is_connected, see_moving_pictures
from tests.journeys.inspection import inspect
from tests.journeys.people import Mechanic
from tests.journeys.shared import Come, ComeMechanic
from tests.journeys.watching import Watch
from tests.kit.server import Server
from tests.kit.time_travel import pass_time

NOTE = "Plug 3 is out. Look at the coil next."
MINUTE = 60


def hands_over(mechanic: Mechanic, note: str = NOTE) -> None:
    mechanic.button("End Session").click()
    mechanic.button("Hand over to another mechanic").click()
    mechanic.page.get_by_label("Note for the next mechanic").fill(note)
    mechanic.confirms("Hand over")


def takes_over(mechanic: Mechanic, session_id: str) -> None:
    request = mechanic.request(session_id)
    expect(request).to_contain_text("Goes on:")
    request.get_by_role("button", name=re.compile("^Take over")).click()
    expect(mechanic.page).to_have_url(re.compile(f"/sessions/{session_id}/$"))


def test_a_mechanic_hands_a_chat_over_and_another_one_goes_on(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, watch: Watch
) -> None:
    customer, first, second = a_customer(), a_mechanic(), a_mechanic()
    session_id = staging.live(server, customer, first)
    second.waits_for_requests()
    customer.says("It is worse when cold")
    pass_time(server, session_id, 10 * MINUTE)
    hands_over(first)
    first.sees("You handed this session over").sees(re.compile("Another mechanic is looked for until"))
    customer.sees("We are looking for another mechanic").sees(re.compile(r"your \d+ minutes wait for you"))
    expect(customer.page.get_by_role("button", name="Extend Session")).to_have_count(0)
    inspect(customer.page, "handing-over-customer")
    customer.says("Is anybody there?")
    expect(second.request(session_id)).to_contain_text(NOTE)
    inspect(second.page, "handing-over-queue")
    takes_over(second, session_id)
    second.sees(re.compile("You go on with .*’s session. Join now")).sees(NOTE).reads("It is worse when cold")
    inspect(second.page, "taken-over-mechanic")
    customer.sees("goes on with your session").sees("is getting ready")
    second.joins().is_live().reads("Is anybody there?").says("I go on from here")
    customer.is_live().reads("I go on from here").sees_no_more("is getting ready").sees_no_more(NOTE)
    watch.allow("status of 410")
    first.goes_to(session_id).sees("You handed this session over").sees(re.compile("Another mechanic goes on with it."))
    first.sees(re.compile("Your share was counted until"))
    inspect(first.page, "handed-over-gone")
    second.ends()
    customer.is_shown_the_end()
    first.page.reload()
    first.sees(re.compile("Another mechanic went on with it, and it is over."))
    first.page.get_by_role("link", name="Your earnings").click()
    expect(first.page).to_have_url(re.compile("/dashboard/earnings/$"))


def test_a_customer_finds_another_mechanic_for_a_call_whose_mechanic_is_lost(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic, axe: Callable[[Page], None]
) -> None:
    seen: dict[str, Any] = {"permissions": DEVICES}
    customer, first, second = a_customer(**seen), a_mechanic(**seen), a_mechanic(**seen)
    session_id = calls.call_of_checked(server, customer, first)
    second.waits_for_requests()
    pass_time(server, session_id, 5 * MINUTE)
    first.page.close()
    customer.sees("has lost the connection.")
    pass_time(server, session_id, MINUTE)
    customer.page.reload()
    customer.button("Find another mechanic").click()
    axe(customer.page)
    customer.confirms("Find another mechanic")
    customer.sees("We are looking for another mechanic")
    for script in (STEADY, KEEP_ALL):
        second.page.add_init_script(script)
    takes_over(second, session_id)
    second.page.reload()
    hears_the_tone(second)
    second.joins()
    for person in (customer, second):
        is_connected(person.is_live())
    see_moving_pictures(customer, second)


def test_nobody_goes_on_and_the_customer_ends_it(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> None:
    customer, first = a_customer(), a_mechanic()
    session_id = staging.live(server, customer, first)
    pass_time(server, session_id, 10 * MINUTE)
    hands_over(first)
    customer.sees("We are looking for another mechanic")
    customer.button("End Session").click()
    customer.sees("No mechanic is here. You pay only for").confirms("End Session")
    customer.is_shown_the_end().sees("The session ended before another mechanic took over")
    first.goes_to(session_id).is_shown_the_end().sees("Write the summary")
