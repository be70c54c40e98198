"""Leave room on the pages of rows that are updated again and again, so that the update needs no new index entries."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("mall", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="ALTER TABLE mall_item SET (fillfactor = 50); ALTER TABLE mall_redemption SET (fillfactor = 80);"
            " ALTER TABLE mall_couponcode SET (fillfactor = 80);",
            reverse_sql="ALTER TABLE mall_item RESET (fillfactor); ALTER TABLE mall_redemption RESET (fillfactor);"
            " ALTER TABLE mall_couponcode RESET (fillfactor);",
        )
    ]
