"""Kills during a mail, a missing mail server, a refused address: no mail is lost."""

import json
from collections.abc import Callable
from email.message import EmailMessage
from uuid import UUID

from tests.kit import scene
from tests.kit.ports import free_port
from tests.kit.server import Server
from tests.kit.smtp import Sink, smtp
from tests.kit.waiting import until

StartServer = Callable[..., Server]

POST = """
from uuid import uuid4
from django.db import transaction
from django.utils import timezone
from autodoctor.mail.queue import queue_mail
with transaction.atomic():
    for number in range({count}):
        context = {{"session_id": str(uuid4()), "plan": "Quick Chat"}}
        to, key = f"{{number}}@example.org", f"{template}:{{number}}"
        queue_mail("{template}", to=to, context=context, key=key, now=timezone.now())
"""


def post(server: Server, count: int = 1, template: str = "sessions/mail/requested") -> None:
    """Queue mails from another process; the server's scheduler sends them."""
    server.shell(POST.format(count=count, template=template))


def waiting(server: Server) -> int:
    ((count,),) = server.sql("SELECT count(*) FROM scheduler_job WHERE kind = 'mail.send' AND parked_at IS NULL")
    return int(count)


def kill_once(server: Server, *, after: int = 1) -> Callable[[], None]:
    """A callback that kills the server once, at one letter."""
    seen = 0

    def on_each() -> None:
        nonlocal seen
        seen += 1
        if seen == after:
            server.kill()

    return on_each


def copies(letters: list[EmailMessage]) -> dict[str, int]:
    """Return the number of copies per Message-ID."""
    ids = [letter["Message-ID"] for letter in letters]
    return {id_: ids.count(id_) for id_ in ids}


def test_a_mail_is_sent_once_when_the_server_is_killed_before_handing_it_over(
    start_server: StartServer, mailbox: Sink
) -> None:
    server = start_server(environment={"EMAIL_URL": mailbox.url})
    mailbox.on_rcpt = kill_once(server)
    post(server)
    until(lambda: not server.is_running())
    assert mailbox.letters == []

    server.restart()
    until(lambda: not waiting(server))

    assert list(copies(mailbox.letters).values()) == [1]


def test_a_mail_repeated_after_a_kill_before_its_commit_is_marked_as_a_copy(
    start_server: StartServer, mailbox: Sink
) -> None:
    server = start_server(environment={"EMAIL_URL": mailbox.url})
    mailbox.on_letter = kill_once(server)
    post(server)
    until(lambda: not server.is_running())
    assert len(mailbox.letters) == 1

    server.restart()
    until(lambda: not waiting(server))

    assert list(copies(mailbox.letters).values()) == [2]


def test_only_mails_in_flight_are_sent_twice_after_a_kill(start_server: StartServer, mailbox: Sink) -> None:
    server = start_server(environment={"EMAIL_URL": mailbox.url})
    mailbox.on_letter = kill_once(server, after=20)
    post(server, count=60)
    until(lambda: not server.is_running())
    server.restart()
    until(lambda: not waiting(server))

    found = copies(mailbox.letters)
    assert len(found) == 60
    assert max(found.values()) <= 2
    assert sum(count - 1 for count in found.values()) <= 8  # the number of mails that are sent in parallel


def test_a_refused_address_is_parked_and_told_to_support_while_others_go_on(
    start_server: StartServer, mailbox: Sink
) -> None:
    server = start_server(environment={"EMAIL_URL": mailbox.url})
    mailbox.refused["customer-0-0@example.org"] = 550
    talk = scene.stage(server, "requested")
    assert talk.customer.email in mailbox.refused
    post(server)
    until(lambda: not waiting(server))

    assert len(mailbox.letters) == 1
    until(lambda: alerts(server, talk.id))
    (alert,) = alerts(server, talk.id)
    assert alert.items() >= {"rule": "job.parked", "kind": "mail.send", "template": "sessions/mail/requested"}.items()
    ((attempts, error),) = server.sql("SELECT attempts, last_error FROM scheduler_job WHERE parked_at IS NOT NULL")
    assert attempts == 1
    assert "no such mailbox" in error


def test_a_mail_that_always_fails_does_not_stop_other_mails(start_server: StartServer, mailbox: Sink) -> None:
    server = start_server(environment={"EMAIL_URL": mailbox.url})
    post(server, count=10, template="sessions/mail/no_such_template")
    post(server, count=10)

    until(lambda: len(mailbox.letters) == 10)

    failing = "SELECT count(*) FROM scheduler_job WHERE last_error LIKE '%TemplateDoesNotExist%'"
    until(lambda: server.sql(failing) == [(10,)])


def test_a_mail_server_that_was_down_gets_every_mail_once_it_is_back(start_server: StartServer) -> None:
    port = free_port()
    server = start_server(environment={"EMAIL_URL": f"smtp://127.0.0.1:{port}"})
    post(server, count=5)
    until(lambda: server.sql("SELECT count(*) FROM scheduler_job WHERE attempts > 0") == [(5,)])

    with smtp(port) as mailbox:
        until(lambda: not waiting(server))

    assert sorted(letter["To"] for letter in mailbox.letters) == [f"{number}@example.org" for number in range(5)]


def alerts(server: Server, session_id: UUID) -> list[dict[str, str]]:
    query = "SELECT data FROM autodoctor_sessions_sessionevent WHERE session_id = %s AND kind = 'alert.support'"
    return [json.loads(data) for (data,) in server.sql(query, scene.key(server, session_id))]
