"""What is sold, and the plans and extensions to begin with: from then on support edits the rows."""

from datetime import timedelta

import datetime
import uuid
import django.core.validators
import django.db.models.deletion
from autodoctor.payments.currencies import CHOICES
from django.conf import settings
from django.db import migrations, models


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
        "bookable": True,
    },
    {
        "slug": "diagnostic",
        "name": "Full Diagnostic",
        "kind": "diagnostic",
        "summary": "The whole car, step by step, until the cause is found.",
        "includes": "Everything in Standard Video\nTrouble codes read and explained\nA written report with parts",
        "duration": timedelta(minutes=60),
        "price_cents": 4999,
        "bookable": True,
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

    initial = True

    dependencies = [
        ('autodoctor_sessions', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ExtensionOption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('duration', models.DurationField(validators=[django.core.validators.MinValueValidator(datetime.timedelta(seconds=1))], verbose_name='time')),
                ('price_cents', models.PositiveIntegerField(help_text='In the smallest unit of the currency: 999 is $9.99, and 1500 is ¥1,500.', verbose_name='price in cents')),
                ('currency', models.CharField(choices=CHOICES, default='usd', max_length=3, verbose_name='currency')),
                ('active', models.BooleanField(default=True, verbose_name='offered')),
            ],
            options={
                'ordering': ('duration',),
                'constraints': [models.UniqueConstraint(fields=('duration', 'currency'), name='one_option_per_time')],
            },
        ),
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(help_text='As in /book/?plan=chat.', max_length=40, unique=True, verbose_name='address')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('kind', models.CharField(choices=[('chat', 'Chat'), ('video', 'Video'), ('diagnostic', 'Full diagnostic')], max_length=10, verbose_name='kind')),
                ('summary', models.CharField(max_length=160, verbose_name='in one sentence')),
                ('includes', models.TextField(blank=True, help_text='One line each.', max_length=1000, verbose_name='what is in it')),
                ('duration', models.DurationField(validators=[django.core.validators.MinValueValidator(datetime.timedelta(seconds=1))], verbose_name='time')),
                ('price_cents', models.PositiveIntegerField(help_text='In the smallest unit of the currency: 999 is $9.99, and 1500 is ¥1,500.', verbose_name='price in cents')),
                ('currency', models.CharField(choices=CHOICES, default='usd', max_length=3, verbose_name='currency')),
                ('active', models.BooleanField(default=True, verbose_name='shown')),
                ('bookable', models.BooleanField(default=True, help_text='Off: shown as “Opens soon”.', verbose_name='can be booked')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
            ],
            options={
                'ordering': ('position', 'price_cents'),
            },
        ),
        migrations.CreateModel(
            name='Vehicle',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('nickname', models.CharField(blank=True, max_length=40, verbose_name='name')),
                ('vin', models.CharField(blank=True, max_length=17, verbose_name='VIN')),
                ('year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='year')),
                ('make', models.CharField(blank=True, max_length=40, verbose_name='make')),
                ('model', models.CharField(blank=True, max_length=60, verbose_name='model')),
                ('mileage', models.PositiveIntegerField(blank=True, null=True, verbose_name='mileage')),
                ('used_at', models.DateTimeField()),
                ('owner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='vehicles', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-used_at', 'id'),
                'indexes': [models.Index(fields=['owner', '-used_at', 'id'], name='vehicles_of_owner')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('vin', ''), _negated=True), fields=('owner', 'vin'), name='one_vehicle_per_vin')],
            },
        ),
        migrations.CreateModel(
            name='VehicleSession',
            fields=[
                ('session', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='about_vehicle', serialize=False, to='autodoctor_sessions.session')),
                ('booked_at', models.DateTimeField()),
                ('vehicle', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='booked', to='booking.vehicle')),
            ],
            options={
                'indexes': [models.Index(fields=['vehicle', '-booked_at', '-session'], name='sessions_of_vehicle')],
            },
        ),
        migrations.CreateModel(
            name='MileageReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mileage', models.PositiveIntegerField()),
                ('read_at', models.DateTimeField()),
                ('session', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='autodoctor_sessions.session')),
                ('vehicle', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='readings', to='booking.vehicle')),
            ],
            options={
                'indexes': [models.Index(fields=['vehicle', '-read_at', '-id'], name='readings_of_vehicle')],
            },
        ),
        migrations.CreateModel(
            name='Booking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64)),
                ('terms_version', models.CharField(blank=True, max_length=20)),
                ('cancellation_version', models.CharField(blank=True, max_length=20)),
                ('agreed_at', models.DateTimeField(null=True)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('session', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='autodoctor_sessions.session')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('customer', 'key'), name='one_booking_per_intake')],
            },
        ),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
