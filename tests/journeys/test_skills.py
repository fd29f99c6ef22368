"""Skills that match: a mechanic says what they know, what fits comes first, and the customer reads why."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys import quietly
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server


def test_a_request_that_fits_comes_first_and_both_read_why(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]
) -> None:
    mechanic, customer, other = a_mechanic(), a_customer(), a_customer()
    page = mechanic.page
    page.set_viewport_size({"width": 360, "height": 640})
    mechanic.waits_for_requests()
    page.get_by_role("link", name="Say what you know best").click()
    makes = page.get_by_role("group", name="Makes that you know best")
    makes.get_by_label("Search").fill("vw")
    expect(makes.get_by_role("checkbox").filter(visible=True)).to_have_count(1)
    makes.get_by_label("Volkswagen").check()
    makes.get_by_label("Search").fill("skoda")
    makes.get_by_label("Škoda").check()
    expect(makes.get_by_role("checkbox").filter(visible=True)).to_have_count(2)  # what is ticked stays in sight
    makes.get_by_label("Search").fill("zeppelin")
    mechanic.sees("Nothing here is called so.")
    page.get_by_role("group", name="Systems that you know best").get_by_label("Brakes and ABS").check()
    mechanic.sees("2 of 12").sees("1 of 6")
    mechanic.button("Save").click()
    mechanic.sees("Requests about Škoda, Volkswagen and brakes and ABS come first.")

    older = quietly.request(server, other.who)
    fitting = quietly.request(server, customer.who, codes="C0035")
    customer.goes_to(fitting).sees("Those who know Volvo and brakes and ABS see it first.")
    expect(mechanic.request(fitting)).to_contain_text("Fits you: you know brakes and ABS")
    expect(page.locator(f"[data-request='{fitting}'] ~ [data-request='{older}']")).to_be_visible()
    inspect(page, "queue-that-fits")
    mechanic.accepts(fitting)
    customer.sees("Knows brakes and ABS")
    inspect(customer.page, "accepted-by-who-fits")
    for person, session_id in ((customer, fitting), (other, older)):
        quietly.act(server, person.who, session_id, "cancel")
