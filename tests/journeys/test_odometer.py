"""The photo of the odometer: taken in the intake by a visitor, and with the request once it is paid."""

from collections.abc import Callable

from playwright.sync_api import FilePayload, Page, expect

from autodoctor.files.tests.samples import photo
from tests.journeys import quietly
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server
from tests.kit.waiting import until

TAKE = "Photo of the odometer"
SHOWN = "The photo that you took of the odometer"
KEPT = """async () => {
  const { promise, resolve } = Promise.withResolvers();
  const opening = indexedDB.open("kept-files");
  opening.onsuccess = () => resolve(opening.result);
  const files = (await promise).transaction("files").objectStore("files");
  const counted = Promise.withResolvers();
  files.count().onsuccess = ({ target }) => counted.resolve(target.result);
  return counted.promise;
}"""


def picture(name: str = "IMG_0815.jpg") -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": photo()}


def takes(page: Page, file: FilePayload, button: str = TAKE) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button).click()
    chooser.value.set_files([file])


def test_the_photo_of_the_odometer_comes_with_the_request(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    page = customer.fills_the_intake().page
    takes(page, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"84,000"})
    customer.sees("This is not a photo.")
    takes(page, picture())
    expect(page.get_by_alt_text(SHOWN)).to_be_visible()
    inspect(page, "intake-odometer")
    page.get_by_label("Mileage now").fill("84,000")
    page.reload()
    expect(page.get_by_alt_text(SHOWN)).to_be_visible()

    customer.fills_the_intake().goes_to_payment().pays()
    row = page.locator(".shot", has_text="Odometer")
    expect(row).to_contain_text("Done")
    until(lambda: page.evaluate(KEPT) == 0)
    page.reload()
    customer.waits_for_a_mechanic()
    files = quietly.client(server, customer.who).get(f"/api/sessions/{customer.session_id}/files").json()["files"]
    assert [(file["name"], file["shot"]) for file in files] == [("Odometer.jpg", "odometer")]
    request = mechanic.waits_for_requests().request(customer.session_id)
    expect(request.get_by_alt_text("Odometer.jpg")).to_be_visible()
    quietly.act(server, customer.who, customer.session_id, "cancel")


def test_a_photo_can_be_taken_back_and_goes_with_who_signs_out(
    server: Server, a_customer: Callable[..., Customer]
) -> None:
    customer = a_customer()
    page = customer.fills_the_intake().page
    takes(page, picture())
    page.get_by_role("button", name="Remove the photo").click()
    expect(page.get_by_alt_text(SHOWN)).to_be_hidden()
    expect(page.get_by_role("button", name=TAKE)).to_be_focused()
    takes(page, picture())
    expect(page.get_by_alt_text(SHOWN)).to_be_visible()
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("/")
    until(lambda: page.evaluate(KEPT) == 0)
