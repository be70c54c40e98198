"""Leave room on the pages of the tables that every movement updates.

The functions this migration once installed are installed by the newest migration that has them.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("points", "0001_initial")]

    operations = [
        # Room for the next version of a row on its own page keeps updates off the indexes (HOT).
        migrations.RunSQL(
            "ALTER TABLE points_account SET (fillfactor = 60); ALTER TABLE points_lot SET (fillfactor = 80)",
            "ALTER TABLE points_account RESET (fillfactor); ALTER TABLE points_lot RESET (fillfactor)",
        ),
    ]
