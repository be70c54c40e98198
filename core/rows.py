"""Inserting a row that may be there already, without an exception and the savepoint that catching it would need."""

from typing import Any

from django.db import connection
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault


def insert_once(row: Model) -> bool:
    """Insert the row and set its primary key, unless a unique constraint has it already; return whether it was new.

    When another transaction is inserting the same row, this waits for it to end. So after False a new SELECT sees
    the row that was there first.
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
