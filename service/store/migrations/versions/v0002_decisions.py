"""Traces tell the verdicts and the facts behind a card, and count the advice that was held back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add two columns; what was saved before has no decision and was shown."""
    op.add_column("traces", sa.Column("decision", sa.Text))
    op.add_column("traces", sa.Column("held_back", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop the columns: cards that were held back count as shown, and no card tells its verdicts and facts any more."""
    op.drop_column("traces", "held_back")
    op.drop_column("traces", "decision")
