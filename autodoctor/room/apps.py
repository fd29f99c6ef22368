from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "autodoctor.room"

    def ready(self) -> None:
        """Whatever process commits tells it on the bus: servers, schedulers and commands."""
        from autodoctor.accounts.signals import access_changed
        from autodoctor.conversations.signals import changed
        from autodoctor.room.hub import revocation, sockets, wake_ups
        from autodoctor.room.socket import list_feed
        from autodoctor.scheduler.signals import started, stopped
        from autodoctor.sessions.record.event_log import committed

        committed.connect(sockets.on_committed)
        committed.connect(list_feed.on_committed)
        changed.connect(list_feed.on_asked)
        access_changed.connect(revocation.on_access_changed)
        wake_ups.connect(started, stopped)
