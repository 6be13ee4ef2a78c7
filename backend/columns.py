"""The columns that every table has in common, each said once."""

from typing import Any
from uuid import uuid4

from piccolo.columns import (
    UUID,
    ForeignKey,
    Integer,
    LazyTableReference,
    OnDelete,
    OnUpdate,
    Timestamptz,
)
from piccolo.table import Table

APP = "throughcare"


def row_id() -> UUID:
    """A random id (version 4: a version 7 id would tell when somebody entered the system)."""
    return UUID(primary_key=True, default=uuid4)


def version() -> Integer:
    return Integer(default=1, null=False)


def reference(table: type[Table] | str, *, null: bool = False) -> Any:
    """A foreign key that refuses to lose rows; a table further up the tree goes by its name."""
    target = LazyTableReference(table, app_name=APP) if isinstance(table, str) else table
    return ForeignKey(
        references=target,
        on_delete=OnDelete.restrict,
        on_update=OnUpdate.restrict,
        null=null,
        default=None,
        index=True,
    )


def instant(*, null: bool = False) -> Timestamptz:
    """A point in time, in UTC, always given by the action and never by the database."""
    return Timestamptz(null=null, default=None)
