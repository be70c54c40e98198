"""Transfers, adjustments, decisions on pending points; and what an entry did to which lots, kept with the entry."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.lookups
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from points.migrations import _functions

FUNCTIONS_DIGEST = "d93c544adb76b0d55047302a4c6dbaf804a7cb2a2287acadeadd91adfb1b8dab"

# Entries may be changed by nobody, so their trigger is put aside for this once.
KEEP_SHARES_WITH_ENTRIES = """
ALTER TABLE points_entry DISABLE TRIGGER USER;
UPDATE points_entry e SET lot_ids = ARRAY[e.lot_id], lot_points = ARRAY[e.amount] WHERE e.lot_id IS NOT NULL;
UPDATE points_entry e SET lot_ids = c.lots, lot_points = c.shares
FROM (
    SELECT entry_id, array_agg(lot_id ORDER BY id) AS lots, array_agg(-points ORDER BY id) AS shares
    FROM points_consumption GROUP BY entry_id
) c WHERE c.entry_id = e.id;
ALTER TABLE points_entry ENABLE TRIGGER USER;
"""
KEEP_SHARES_APART = """
INSERT INTO points_consumption (member_id, entry_id, lot_id, points)
SELECT e.member_id, e.id, share.lot_id, -share.points
FROM points_entry e CROSS JOIN LATERAL unnest(e.lot_ids, e.lot_points) AS share (lot_id, points)
WHERE e.kind <> 'award';
ALTER TABLE points_entry DISABLE TRIGGER USER;
UPDATE points_entry SET lot_id = lot_ids[1] WHERE kind = 'award';
ALTER TABLE points_entry ENABLE TRIGGER USER;
"""
NAME_OLD_CANCELLATIONS = """
INSERT INTO points_holdchange (member_id, hold_id, key, cancelled, released, reason, occurred_at)
SELECT member_id, id, 'hold:' || id || ':before', cancelled, 0, 'before changes were kept', coalesce(ended_at, now())
FROM points_hold WHERE cancelled > 0;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0001_initial"),
        ("points", "0002_functions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="entry",
            name="lot_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None, verbose_name="lots"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="entry",
            name="lot_points",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None, verbose_name="points by lot"
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(KEEP_SHARES_WITH_ENTRIES, KEEP_SHARES_APART),
        migrations.RemoveField(
            model_name="entry",
            name="lot",
        ),
        migrations.DeleteModel(
            name="Consumption",
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "points",
                    models.BigIntegerField(
                        help_text="Positive to give, negative to take. More than there is cannot be taken.",
                        verbose_name="points",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("goodwill", "goodwill"),
                            ("correction", "correction of a mistake"),
                            ("missing", "points that were not credited"),
                            ("abuse", "abuse"),
                            ("other", "other"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        help_text="For colleagues and auditors: what happened, which case.",
                        max_length=200,
                        verbose_name="explanation",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        help_text="Shown in the statement.",
                        max_length=100,
                        verbose_name="text for the member",
                    ),
                ),
                (
                    "expires_on",
                    models.DateField(
                        blank=True,
                        help_text="Of points given. Empty: by the ledger policy.",
                        null=True,
                        verbose_name="expires on",
                    ),
                ),
                (
                    "counts_for_growth",
                    models.BooleanField(
                        default=False, help_text="Also changes the growth value.", verbose_name="counts for the tier"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waits for a second person"),
                            ("booked", "booked"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("request_key", models.CharField(max_length=64, unique=True, verbose_name="request key")),
                ("needs_approval", models.BooleanField(verbose_name="needed a second person")),
                ("requested_on", models.DateField(verbose_name="business day")),
                ("requested_at", models.DateTimeField(verbose_name="asked for at")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                ("decision_note", models.CharField(blank=True, max_length=200, verbose_name="note on the decision")),
            ],
            options={
                "verbose_name": "adjustment",
                "verbose_name_plural": "adjustments",
                "permissions": [("approve_adjustment", "Can decide on adjustments of others")],
            },
        ),
        migrations.CreateModel(
            name="HoldChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=120, verbose_name="key")),
                ("cancelled", models.BigIntegerField(verbose_name="cancelled")),
                ("released", models.BigIntegerField(verbose_name="released")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("occurred_at", models.DateTimeField(verbose_name="occurred at")),
            ],
            options={
                "verbose_name": "change of pending points",
                "verbose_name_plural": "changes of pending points",
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("no", models.CharField(max_length=20, unique=True, verbose_name="number")),
                ("points", models.BigIntegerField(verbose_name="points")),
                ("message", models.CharField(blank=True, max_length=100, verbose_name="message")),
                ("request_key", models.CharField(max_length=200, verbose_name="request key")),
                (
                    "status",
                    models.CharField(
                        choices=[("done", "done"), ("reversed", "taken back by staff")],
                        default="done",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("made_on", models.DateField(verbose_name="business day")),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("recovered", models.BigIntegerField(null=True, verbose_name="recovered")),
                ("owed", models.BigIntegerField(null=True, verbose_name="owed by the receiver")),
                ("reversed_at", models.DateTimeField(null=True, verbose_name="taken back at")),
                ("reversal_reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
            ],
            options={
                "verbose_name": "transfer",
                "verbose_name_plural": "transfers",
                "permissions": [("reverse_transfer", "Can take back a transfer")],
            },
        ),
        migrations.AlterModelOptions(
            name="hold",
            options={
                "permissions": [("decide_hold", "Can release or cancel pending points")],
                "verbose_name": "pending points",
                "verbose_name_plural": "pending points",
            },
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="account_balance_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="account_pending_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="account_debt_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="account_totals_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="entry",
            name="entry_sign_fits_kind",
        ),
        migrations.RemoveConstraint(
            model_name="entry",
            name="entry_balance_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="entry",
            name="entry_moves_something",
        ),
        migrations.RemoveConstraint(
            model_name="lot",
            name="lot_parts_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="lot",
            name="lot_open_while_points_remain",
        ),
        migrations.AddField(
            model_name="historicalledgerpolicy",
            name="adjustment_months",
            field=models.PositiveSmallIntegerField(
                default=12,
                help_text="Months; until the end of the last one.",
                verbose_name="life of points given by staff",
            ),
        ),
        migrations.AddField(
            model_name="historicalledgerpolicy",
            name="adjustment_threshold",
            field=models.PositiveIntegerField(
                default=1000,
                help_text="Points one person may give or take per member and day; beyond it a second person must agree.",
                verbose_name="adjustments up to",
            ),
        ),
        migrations.AddField(
            model_name="historicalledgerpolicy",
            name="transfer_daily_count",
            field=models.PositiveSmallIntegerField(default=20, verbose_name="transfers a day at most"),
        ),
        migrations.AddField(
            model_name="historicalledgerpolicy",
            name="transfer_daily_points",
            field=models.PositiveIntegerField(default=10000, verbose_name="points a day at most"),
        ),
        migrations.AddField(
            model_name="historicalledgerpolicy",
            name="transfer_max_points",
            field=models.PositiveIntegerField(default=5000, verbose_name="points per transfer at most"),
        ),
        migrations.AddField(
            model_name="historicalledgerpolicy",
            name="transfer_min_tier",
            field=models.CharField(
                blank=True,
                help_text="Code of the tier. Empty: everybody.",
                max_length=30,
                verbose_name="lowest tier that may",
            ),
        ),
        migrations.AddField(
            model_name="historicalledgerpolicy",
            name="transfers_open",
            field=models.BooleanField(default=True, verbose_name="members may give points away"),
        ),
        migrations.AddField(
            model_name="ledgerpolicy",
            name="adjustment_months",
            field=models.PositiveSmallIntegerField(
                default=12,
                help_text="Months; until the end of the last one.",
                verbose_name="life of points given by staff",
            ),
        ),
        migrations.AddField(
            model_name="ledgerpolicy",
            name="adjustment_threshold",
            field=models.PositiveIntegerField(
                default=1000,
                help_text="Points one person may give or take per member and day; beyond it a second person must agree.",
                verbose_name="adjustments up to",
            ),
        ),
        migrations.AddField(
            model_name="ledgerpolicy",
            name="transfer_daily_count",
            field=models.PositiveSmallIntegerField(default=20, verbose_name="transfers a day at most"),
        ),
        migrations.AddField(
            model_name="ledgerpolicy",
            name="transfer_daily_points",
            field=models.PositiveIntegerField(default=10000, verbose_name="points a day at most"),
        ),
        migrations.AddField(
            model_name="ledgerpolicy",
            name="transfer_max_points",
            field=models.PositiveIntegerField(default=5000, verbose_name="points per transfer at most"),
        ),
        migrations.AddField(
            model_name="ledgerpolicy",
            name="transfer_min_tier",
            field=models.CharField(
                blank=True,
                help_text="Code of the tier. Empty: everybody.",
                max_length=30,
                verbose_name="lowest tier that may",
            ),
        ),
        migrations.AddField(
            model_name="ledgerpolicy",
            name="transfers_open",
            field=models.BooleanField(default=True, verbose_name="members may give points away"),
        ),
        migrations.AlterField(
            model_name="entry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("award", "Points earned"),
                    ("spend", "Points spent"),
                    ("refund", "Points given back"),
                    ("expire", "Points expired"),
                    ("take_back", "Points taken back"),
                    ("repay", "Owed points repaid"),
                    ("transfer_out", "Points given away"),
                    ("transfer_in", "Points received"),
                    ("adjust", "Correction by staff"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.GreaterThanOrEqual(
                    django.db.models.functions.comparison.Least(
                        "balance", "pending", "debt", "earned_total", "spent_total", "expired_total"
                    ),
                    0,
                ),
                name="account_nothing_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="lot",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.GreaterThanOrEqual(
                    django.db.models.functions.comparison.Least(
                        "granted", "returned", "remaining", "spent", "expired", "taken_back"
                    ),
                    0,
                ),
                name="lot_nothing_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="lot",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    models.F("is_open"), django.db.models.lookups.GreaterThan(models.F("remaining"), 0)
                ),
                name="lot_open_while_points_remain",
            ),
        ),
        migrations.AddField(
            model_name="adjustment",
            name="decided_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddField(
            model_name="adjustment",
            name="member",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.member",
                verbose_name="member",
            ),
        ),
        migrations.AddField(
            model_name="adjustment",
            name="requested_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked for by",
            ),
        ),
        migrations.AddField(
            model_name="holdchange",
            name="hold",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="changes",
                to="points.hold",
                verbose_name="pending points",
            ),
        ),
        migrations.AddField(
            model_name="holdchange",
            name="member",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.member",
                verbose_name="member",
            ),
        ),
        migrations.AddField(
            model_name="holdchange",
            name="staff",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="staff",
            ),
        ),
        migrations.AddField(
            model_name="transfer",
            name="member",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.member",
                verbose_name="sender",
            ),
        ),
        migrations.AddField(
            model_name="transfer",
            name="reversed_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="taken back by",
            ),
        ),
        migrations.AddField(
            model_name="transfer",
            name="to_member",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.member",
                verbose_name="receiver",
            ),
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=models.CheckConstraint(
                condition=models.Q(("points", 0), _negated=True), name="adjustment_moves_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=models.CheckConstraint(
                condition=models.Q(("note", ""), _negated=True), name="adjustment_has_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("needs_approval", False),
                    ("status__in", ["waiting", "withdrawn"]),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        models.Q(("decided_by", models.F("requested_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="adjustment_decided_by_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="holdchange",
            constraint=models.UniqueConstraint(fields=("member", "key"), name="hold_change_once_per_key"),
        ),
        migrations.AddConstraint(
            model_name="holdchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cancelled__gt", 0), ("released", 0)),
                    models.Q(("cancelled", 0), ("released__gt", 0)),
                    _connector="OR",
                ),
                name="hold_change_cancels_or_releases",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="holdchange",
            trigger=pgtrigger.compiler.Trigger(
                name="hold_change_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="c410d1b1b992eb87ccbf00a7f38f20a61382d5d8",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_hold_change_append_only_7b5fa",
                    table="points_holdchange",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["member", "made_on"], name="transfer_sent"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["to_member", "id"], name="transfer_received"),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(fields=("member", "request_key"), name="transfer_once_per_key"),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(condition=models.Q(("points__gt", 0)), name="transfer_points_positive"),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("member", models.F("to_member")), _negated=True), name="transfer_not_to_self"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("owed__isnull", True),
                        ("recovered__isnull", True),
                        ("reversed_at__isnull", True),
                        ("reversed_by__isnull", True),
                        ("status", "done"),
                    ),
                    models.Q(
                        ("owed__gte", 0),
                        (
                            "points__gte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("recovered"), "+", models.F("owed")
                            ),
                        ),
                        ("recovered__gte", 0),
                        ("status", "reversed"),
                        ("reversed_at__isnull", False),
                        ("reversed_by__isnull", False),
                        models.Q(("reversal_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="transfer_reversed_by_somebody_with_a_reason",
            ),
        ),
        migrations.RunSQL(NAME_OLD_CANCELLATIONS, migrations.RunSQL.noop),
        *_functions.install(),
    ]
