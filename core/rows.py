"""Rows in bulk tables: inserting one that may be there already, and finding the first one booked since a moment."""

from typing import Any

from django.db import connection
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault

# The first id booked since a moment, found by halving over the primary key: tables grow for years, a day does not,
# and an index on the time of booking would cost every booking. `around` is safely before the moment: rows get their
# ids in the order of time, but for as long as a statement may take.
FIRST_ID_SINCE = """
WITH RECURSIVE search(low, high) AS (
    SELECT coalesce(min(id), 1) - 1, coalesce(max(id), 0) + 1 FROM {table}
    UNION ALL
    SELECT CASE WHEN probe.created_at < %(around)s THEN probe.id ELSE search.low END,
           CASE WHEN probe.created_at < %(around)s THEN search.high ELSE middle.id END
    FROM search
    CROSS JOIN LATERAL (SELECT search.low + (search.high - search.low) / 2 AS id) AS middle
    LEFT JOIN LATERAL (
        SELECT id, created_at FROM {table} WHERE id >= middle.id AND id < search.high ORDER BY id LIMIT 1
    ) AS probe ON true
    WHERE search.high - search.low > 1
)
SELECT high FROM search ORDER BY high - low LIMIT 1
"""


def insert_once(row: Model) -> bool:
    """Insert the row and set its primary key, unless a unique constraint has it already; return whether it was new.

    No exception, and no savepoint that catching one would need. When another transaction is inserting the same row,
    this waits for it to end. So after False a new SELECT sees the row that was there first.
    """
    meta = row._meta
    values: dict[str, Any] = {}
    for field in meta.concrete_fields:
        value = field.pre_save(row, add=True)
        if not (isinstance(value, DatabaseDefault) or (field.primary_key and value is None)):
            values[str(field.column)] = field.get_db_prep_save(value, connection)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column) for column in values)
    marks = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        # Table and column names come from the model; the values are bound.
        cursor.execute(
            f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608
            f" ON CONFLICT DO NOTHING RETURNING {quote(str(meta.pk.column))}",
            list(values.values()),
        )
        inserted = cursor.fetchone()
    if inserted:
        row.pk = inserted[0]
    return inserted is not None
