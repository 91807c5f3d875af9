"""first tables

Revision: 0001, the first
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "particulars"
DATED = "number <> '' OR dated_on IS NULL"


def _beside(name: str, target: str, *columns: sa.Column | sa.CheckConstraint) -> None:
    """A one-to-one table of a table of core."""
    key = f"{target}_id"
    op.create_table(
        name,
        sa.Column(key, sa.BigInteger(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            [key], [f"{target}.id"], name=op.f(f"fk_{name}_{key}"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{name}")),
        schema=SCHEMA,
    )


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.create_table(
        "entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        _text("title"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.CheckConstraint("code <> ''", name=op.f("ck_entry_code")),
        sa.CheckConstraint("kind IN ('rank', 'education')", name=op.f("ck_entry_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("kind", "code", name=op.f("uq_entry_kind_code")),
        schema=SCHEMA,
    )
    _beside(
        "person",
        "user",
        sa.Column("rank_id", sa.BigInteger(), nullable=True),
        sa.Column("education_id", sa.BigInteger(), nullable=True),
        _text("work_unit"),
    )
    for column in ("rank_id", "education_id"):
        op.create_foreign_key(
            op.f(f"fk_person_{column}"),
            "person",
            "entry",
            [column],
            ["id"],
            source_schema=SCHEMA,
            referent_schema=SCHEMA,
            ondelete="RESTRICT",
        )
        op.create_index(op.f(f"ix_particulars_person_{column}"), "person", [column], schema=SCHEMA)
    for name, target in (("letter", "enrolment"), ("basis", "cohort")):
        _beside(
            name,
            target,
            _text("number"),
            sa.Column("dated_on", sa.Date(), nullable=True),
            sa.CheckConstraint(DATED, name=op.f(f"ck_{name}_number")),
        )
    _beside("audience", "course", _text("target"), _text("needs"))


def downgrade() -> None:
    for name in ("audience", "basis", "letter", "person", "entry"):
        op.drop_table(name, schema=SCHEMA)
