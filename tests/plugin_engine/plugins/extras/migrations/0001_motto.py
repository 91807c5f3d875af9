"""First table."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "motto",
        sa.Column("institution_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["institution_id"], ["institution.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("institution_id"),
        schema="extras",
    )
    for target in ("user", "course", "cohort", "enrolment"):
        op.create_table(
            f"{target}_note",
            sa.Column(f"{target}_id", sa.BigInteger(), nullable=False),
            sa.Column("text", sa.Text(), nullable=False),
            sa.CheckConstraint("text <> 'unkeepable'", name="text"),
            sa.ForeignKeyConstraint([f"{target}_id"], [f"{target}.id"], ondelete="CASCADE"),
            sa.PrimaryKeyConstraint(f"{target}_id"),
            schema="extras",
        )


def downgrade():
    for target in ("user", "course", "cohort", "enrolment"):
        op.drop_table(f"{target}_note", schema="extras")
    op.drop_table("motto", schema="extras")
