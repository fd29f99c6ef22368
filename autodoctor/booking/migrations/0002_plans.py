"""The plans and extensions to begin with. From then on support edits the rows."""

from datetime import timedelta

from django.db import migrations

PLANS = [
    {
        "slug": "chat",
        "name": "Quick Chat",
        "kind": "chat",
        "summary": "Describe it, get a clear answer.",
        "includes": "Text with a mechanic, one to one\nA plain verdict: drive, wait or tow\nThe whole talk to read again later",
        "duration": timedelta(minutes=30),
        "price_cents": 999,
        "bookable": True,
    },
    {
        "slug": "video",
        "name": "Standard Video",
        "kind": "video",
        "summary": "Point the camera, let them hear the engine.",
        "includes": "Everything in Quick Chat\nLive video from your phone\nThe mechanic guides your hands",
        "duration": timedelta(minutes=45),
        "price_cents": 2999,
        "bookable": False,
    },
    {
        "slug": "diagnostic",
        "name": "Full Diagnostic",
        "kind": "diagnostic",
        "summary": "The whole car, step by step, until the cause is found.",
        "includes": "Everything in Standard Video\nTrouble codes read and explained\nA written report with parts",
        "duration": timedelta(minutes=60),
        "price_cents": 4999,
        "bookable": False,
    },
]
EXTENSIONS = [(15, 1499), (30, 2499), (60, 3999)]  # minutes, cents


def create(apps, schema_editor):
    plan, option = apps.get_model("booking", "Plan"), apps.get_model("booking", "ExtensionOption")
    for position, values in enumerate(PLANS, start=1):
        plan.objects.get_or_create(slug=values["slug"], defaults={**values, "position": position})
    for minutes, cents in EXTENSIONS:
        option.objects.get_or_create(duration=timedelta(minutes=minutes), defaults={"price_cents": cents})


class Migration(migrations.Migration):
    dependencies = [("booking", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
