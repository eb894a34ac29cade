"""Numbers hardly compress: keep them plain, so that reading costs no decompression."""

from django.db import migrations

COLUMNS = ("lines", "steps", "vals")


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [f"ALTER TABLE tracking_metricchunk ALTER COLUMN {column} SET STORAGE EXTERNAL" for column in COLUMNS],
            [f"ALTER TABLE tracking_metricchunk ALTER COLUMN {column} SET STORAGE EXTENDED" for column in COLUMNS],
        )
    ]
