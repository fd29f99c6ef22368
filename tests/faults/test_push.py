"""A slow or unreachable push service, and kills while sending: messages arrive, and other jobs do not wait."""

import json
from collections.abc import Callable

from tests.journeys import quietly
from tests.kit.ports import free_port
from tests.kit.push_service import Browser, PushService, push_service
from tests.kit.server import Server
from tests.kit.waiting import until

StartServer = Callable[..., Server]
POST = """
from datetime import timedelta
from django.db import transaction
from django.utils import timezone
from autodoctor.accounts.models import User
from autodoctor.push.queue import PushNote, queue_push
now = timezone.now()
with transaction.atomic():
    people = list(User.objects.filter(email__startswith="pushed-").values_list("id", flat=True))
    for number in range({count}):
        note = PushNote(str(number), "", "/", str(number), now + timedelta(minutes=10))
        queue_push(note, to=people, now=now)
"""


def subscribed(server: Server, origin: str) -> Browser:
    """A person with a subscribed browser."""
    (who,) = server.enroll(1, "pushed-")
    browser = Browser(f"{origin}/send/one")
    answer = server.client(who).post("/api/push/subscriptions", json=browser.subscription)
    assert answer.status_code == 201, answer.text
    return browser


def tell(server: Server, count: int = 1) -> None:
    server.shell(POST.format(count=count))


def waiting(server: Server) -> int:
    ((count,),) = server.sql("SELECT count(*) FROM scheduler_job WHERE kind = 'push.send'")
    return int(count)


def told(service: PushService, browser: Browser) -> set[str]:
    return {note["title"] for note in service.for_browser(browser)}


def test_a_push_service_that_was_down_gets_the_message_once_it_is_back(start_server: StartServer) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    server = start_server(environment={"PUSH_SERVICES": origin})
    browser = subscribed(server, origin)
    tell(server)
    until(lambda: server.sql("SELECT attempts FROM scheduler_job WHERE kind = 'push.send'")[0][0] > 0)
    ((error,),) = server.sql("SELECT last_error FROM scheduler_job WHERE kind = 'push.send'")
    assert "/send/one" not in error + server.log()
    with push_service(port) as service:
        service.wait(lambda: told(service, browser) == {"0"})
        until(lambda: waiting(server) == 0)


def test_a_slow_push_service_does_not_hold_up_other_jobs(start_server: StartServer) -> None:
    with push_service() as service:
        server = start_server(environment={"PUSH_SERVICES": service.origin})
        browser = subscribed(server, service.origin)
        service.pause = 3
        tell(server, count=20)
        service.wait(lambda: len(service.messages) > 0)
        (customer,), (mechanic,) = server.enroll(1, "hurried-"), server.enroll(1, "quick-", mechanics=True)
        quietly.accept(server, mechanic, quietly.request(server, customer))
        assert len(told(service, browser)) < 20
        service.pause = 0
        service.wait(lambda: len(told(service, browser)) == 20, 60)


def test_no_push_message_is_lost_when_the_server_is_killed_while_sending(start_server: StartServer) -> None:
    with push_service() as service:
        server = start_server(environment={"PUSH_SERVICES": service.origin}, deadlines={"lease": 3, "lease_renewal": 1})
        browser = subscribed(server, service.origin)
        service.pause, service.prompt = 60, 3
        tell(server, count=20)
        service.wait(lambda: len(service.messages) > service.prompt)
        server.kill()
        assert waiting(server) > 0
        service.pause = 0
        server.start()
        service.wait(lambda: told(service, browser) == {str(number) for number in range(20)}, 90)


def test_a_browser_that_is_gone_gets_no_more_push_messages(start_server: StartServer) -> None:
    with push_service() as service:
        server = start_server(environment={"PUSH_SERVICES": service.origin})
        subscribed(server, service.origin)
        service.answer = (410, {})
        tell(server, count=1)
        service.wait(lambda: len(service.messages) == 1)
        until(lambda: server.sql("SELECT count(*) FROM push_pushsubscription") == [(0,)])
        tell(server, count=1)
        assert waiting(server) == 0
        assert json.dumps(service.messages[0].headers).count("vapid") == 1
