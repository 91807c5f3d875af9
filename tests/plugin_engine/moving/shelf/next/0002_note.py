"""A column and a table more, for a version that the test invents."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "item", sa.Column("note", sa.Text(), server_default="", nullable=False), schema="shelf"
    )
    op.create_table("log", sa.Column("id", sa.BigInteger(), primary_key=True), schema="shelf")


def downgrade():
    op.drop_table("log", schema="shelf")
    op.drop_column("item", "note", schema="shelf")
