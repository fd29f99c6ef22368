"""After a test that commits, the database holds what `migrate` adds, as if its signals had been sent."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal

from autodoctor.accounts.models import User
from autodoctor.sessions.models import RuleTime
from tests.kit import walled


def rows() -> list[list[tuple[Any, ...]]]:
    return [sorted(model.objects.values_list()) for model in (ContentType, Permission, RuleTime)]


@pytest.mark.skipif(walled.IS_ON, reason="flushing is the owner's work")
@pytest.mark.django_db(transaction=True)
def test_a_flush_leaves_the_rows_of_migrate_and_no_others(customer: User) -> None:
    before = rows()
    assert all(before)
    Permission.objects.all().delete()
    RuleTime.objects.all().delete()

    call_command("flush", verbosity=0, interactive=False)

    assert rows() == before
    assert not User.objects.exists()
    emit_post_migrate_signal(0, False, "default")
    assert rows() == before
