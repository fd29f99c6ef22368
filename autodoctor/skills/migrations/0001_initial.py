"""What mechanics can know, and the makes and systems to begin with: from then on support edits the rows."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

MAKES = [  # with other names
    ("Acura", ""),
    ("Alfa Romeo", "Alfa"),
    ("Audi", ""),
    ("BMW", ""),
    ("Buick", ""),
    ("BYD", ""),
    ("Cadillac", ""),
    ("Chevrolet", "Chevy"),
    ("Chrysler", ""),
    ("Citroën", ""),
    ("Dacia", ""),
    ("Dodge", ""),
    ("Fiat", ""),
    ("Ford", ""),
    ("Genesis", ""),
    ("GMC", ""),
    ("Honda", ""),
    ("Hyundai", ""),
    ("Infiniti", ""),
    ("Jaguar", ""),
    ("Jeep", ""),
    ("Kia", ""),
    ("Land Rover", "Landrover\nRange Rover"),
    ("Lexus", ""),
    ("Lincoln", ""),
    ("Mazda", ""),
    ("Mercedes-Benz", "Mercedes\nBeijing Benz\nDaimler"),
    ("Mini", ""),
    ("Mitsubishi", ""),
    ("Nissan", ""),
    ("Opel", ""),
    ("Peugeot", ""),
    ("Polestar", ""),
    ("Porsche", ""),
    ("Ram", ""),
    ("Renault", ""),
    ("Rivian", ""),
    ("Saab", ""),
    ("Seat", "Cupra"),
    ("Škoda", ""),
    ("Smart", ""),
    ("Subaru", "Fuji Heavy Industries"),
    ("Suzuki", ""),
    ("Tesla", ""),
    ("Toyota", "Scion"),
    ("Vauxhall", ""),
    ("Volkswagen", "VW"),
    ("Volvo", ""),
]
SYSTEMS = [  # with the beginnings of their trouble codes (SAE J2012)
    ("engine and fuel", "P00 P01 P02 P03 P05 P10 P11 P12 P13 P15 P20 P21 P22 P23 P25 P2B P34"),
    ("exhaust and emissions", "P04 P14 P24 P2A"),
    ("transmission and clutch", "P07 P08 P09 P17 P18 P19 P27 P28 P29"),
    ("hybrid and electric drive", "P0A P0B P0C P0D P1A P1B P1C P1D"),
    ("brakes and ABS", "C00 C01 C02 C03 C1 C2"),
    ("steering and suspension", "C04 C05 C06 C07 C08 C09 C1 C2"),
    ("airbags and restraints", "B00"),
    ("body electrics", "B01 B02 B03 B04 B05 B06 B07 B08 B09 B1 B2"),
    ("electrics and control units", "P06 P16 P26 U"),
]


def create(apps, schema_editor):
    skill = apps.get_model("skills", "Skill")
    for position, (name, also) in enumerate(MAKES, start=1):
        skill.objects.get_or_create(kind="make", name=name, defaults={"also": also, "position": position})
    for position, (name, codes) in enumerate(SYSTEMS, start=1):
        skill.objects.get_or_create(kind="system", name=name, defaults={"codes": codes, "position": position})


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Skill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('make', 'Make'), ('system', 'System')], max_length=10, verbose_name='kind')),
                ('name', models.CharField(help_text='As it stands in a sentence: “Toyota”, “brakes and ABS”.', max_length=40, verbose_name='name')),
                ('also', models.TextField(blank=True, help_text='Of a make: as VINs and customers write it, too. One line each: VW.', max_length=400, verbose_name='other names')),
                ('codes', models.CharField(blank=True, help_text='Of a system: how its codes begin, with spaces between: P07 P08 P09.', max_length=200, verbose_name='trouble codes')),
                ('active', models.BooleanField(default=True, verbose_name='offered')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
            ],
            options={
                'ordering': ('kind', 'position', 'name'),
                'constraints': [models.UniqueConstraint(fields=('kind', 'name'), name='one_skill_per_name')],
            },
        ),
        migrations.CreateModel(
            name='KnownSkill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mechanic', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='known_skills', to=settings.AUTH_USER_MODEL)),
                ('skill', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='skills.skill')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('mechanic', 'skill'), name='one_row_per_known_skill')],
            },
        ),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
