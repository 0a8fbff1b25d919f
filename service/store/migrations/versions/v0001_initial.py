"""The first tables: used tokens, feedback, traces, suppressions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_HASH, _NAME = sa.String(64), sa.String(255)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "used_tokens",
        sa.Column("token", _HASH, primary_key=True),
        sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "feedback",
        sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("client", _NAME, nullable=False),
        sa.Column("service", _NAME, nullable=False),
        sa.Column("card", _NAME, nullable=False),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("suggestions", sa.Text, nullable=False),
        sa.Column("reason_system", _NAME),
        sa.Column("reason_code", _NAME),
        sa.Column("commented", sa.Boolean, nullable=False),
        sa.Column("comment", sa.Text),
        sa.Column("digest", _HASH, nullable=False, unique=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feedback_card", "feedback", ["client", "card"])
    op.create_table(
        "traces",
        sa.Column("client", _NAME, primary_key=True),
        sa.Column("card", _NAME, primary_key=True),
        sa.Column("saved", sa.BigInteger, nullable=False, index=True),
        sa.Column("service", _NAME, nullable=False),
        sa.Column("hook", _NAME, nullable=False),
        sa.Column("as_of", sa.String(10), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("content", _HASH, nullable=False),
        sa.Column("advice", _HASH, nullable=False),
        sa.Column("indicator", sa.String(10), nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("patient", _HASH),
        sa.Column("basis", _HASH),
    )
    op.create_table(
        "suppressions",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("client", _NAME, nullable=False),
        sa.Column("patient", _HASH, nullable=False),
        sa.Column("advice", _HASH, nullable=False),
        sa.Column("basis", _HASH, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False, index=True),
        sa.Column("card", _NAME, nullable=False),
        sa.UniqueConstraint("client", "patient", "advice", name="uq_suppressions"),
    )


def downgrade() -> None:
    """Drop the tables with all that is in them."""
    for name in ("suppressions", "traces", "feedback", "used_tokens"):
        op.drop_table(name)
