"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def key():
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True)


def to(column, target, ondelete="RESTRICT", nullable=True):
    reference = sa.ForeignKey(target, ondelete=ondelete)
    return sa.Column(column, sa.BigInteger(), reference, nullable=nullable)


def upgrade():
    op.create_table(
        "sort",
        key(),
        sa.Column("code", sa.Text(), nullable=False, unique=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer()),
        to("above_id", "shelf.sort.id"),
        schema="shelf",
    )
    op.create_table(
        "box",
        key(),
        to("institution_id", "institution.id", "CASCADE", nullable=False),
        to("inside_id", "shelf.box.id", "CASCADE"),
        schema="shelf",
    )
    op.create_table(
        "item",
        key(),
        to("box_id", "shelf.box.id", "CASCADE", nullable=False),
        to("owner_id", "user.id", "SET NULL"),
        to("course_id", "course.id"),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), sa.Computed("length(label)", persisted=True)),
        schema="shelf",
    )


def downgrade():
    for table in ("item", "box", "sort"):
        op.drop_table(table, schema="shelf")
