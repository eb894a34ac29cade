"""The cell of metering is one SQL function, for the CHECKs here and for Python, which reads it from the
database. Replacing the function is for empty databases only (tests): rows keep the cells they were written in."""

from django.db import migrations

CELL = """
CREATE FUNCTION jobs_cell_seconds() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 300
"""
CHECKS = """
ALTER TABLE jobs_usageslice
  ADD CONSTRAINT slice_inside_its_cell CHECK (
    starts_at < ends_at
    AND starts_at >= to_timestamp(slice_no::float8 * jobs_cell_seconds())
    AND ends_at <= to_timestamp((slice_no::float8 + 1) * jobs_cell_seconds())),
  ADD CONSTRAINT slice_adds_up CHECK (
    idle_seconds >= 0 AND accelerators > 0 AND accelerator_seconds > 0
    AND accelerator_seconds = accelerators * (extract(epoch FROM ends_at - starts_at) - idle_seconds))
"""
DROP_CHECKS = """
ALTER TABLE jobs_usageslice DROP CONSTRAINT slice_inside_its_cell, DROP CONSTRAINT slice_adds_up
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]
    operations = [
        migrations.RunSQL(CELL, "DROP FUNCTION jobs_cell_seconds()"),
        migrations.RunSQL(CHECKS, DROP_CHECKS),
    ]
