"""The table of notes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("activity_id", sa.BigInteger(), nullable=False, index=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], ondelete="CASCADE"),
        schema="good",
    )


def downgrade() -> None:
    op.drop_table("note", schema="good")
