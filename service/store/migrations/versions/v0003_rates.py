"""The shares of clients, which the processes of a service count together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add a table; it is small and changes with almost every call, so PostgreSQL keeps it out of its log and leaves room
    in its pages to change a row in place."""
    postgres = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "rates",
        sa.Column("caller", sa.String(64), primary_key=True),
        sa.Column("calls", sa.Double, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("lent", sa.Double, nullable=False),
        prefixes=["UNLOGGED"] if postgres else [],
        postgresql_with={"fillfactor": 50},
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("rates")
