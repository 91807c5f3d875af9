"""first tables

Revision: 0001, the first
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "institution_region",
        sa.Column("institution_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("data_version", sa.Text(), nullable=False),
        sa.CheckConstraint(
            r"code ~ '^[0-9]{2}(\.[0-9]{2})?$'", name=op.f("ck_institution_region_code")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_region_institution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("institution_id", name=op.f("pk_institution_region")),
        schema="regions",
    )


def downgrade() -> None:
    op.drop_table("institution_region", schema="regions")
