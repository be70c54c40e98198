"""Install the ledger's functions, and leave room on the pages of the tables that every movement updates."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"
# Each after those it calls.
FUNCTIONS = {
    "earn": "points_earn(bigint, bigint, text, text, text, text, jsonb, date, timestamptz)",
    "spend": "points_spend(bigint, bigint, text, text, text, text, date, timestamptz)",
    "expire_chunk": "points_expire_chunk(date, timestamptz, integer)",
    "release": "points_release(bigint, date, timestamptz)",
    "release_chunk": "points_release_chunk(timestamptz, integer)",
}


class Migration(migrations.Migration):
    dependencies = [("points", "0001_initial")]

    operations = [
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(encoding="utf-8"), f"DROP FUNCTION {signature}")
            for name, signature in FUNCTIONS.items()
        ),
        # Room for the next version of a row on its own page keeps updates off the indexes (HOT).
        migrations.RunSQL(
            "ALTER TABLE points_account SET (fillfactor = 60); ALTER TABLE points_lot SET (fillfactor = 80)",
            "ALTER TABLE points_account RESET (fillfactor); ALTER TABLE points_lot RESET (fillfactor)",
        ),
    ]
