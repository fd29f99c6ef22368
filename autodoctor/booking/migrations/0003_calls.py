from django.db import migrations


def open_calls(apps, schema_editor):
    apps.get_model("booking", "Plan").objects.filter(slug__in=["video", "diagnostic"]).update(bookable=True)


class Migration(migrations.Migration):
    dependencies = [("booking", "0002_plans")]
    operations = [migrations.RunPython(open_calls, migrations.RunPython.noop)]
