"""What the engine remembers: revisions, failures, records, settings of the site and of courses.

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PLACE = "ck_plugin_setting_one_place"


def upgrade() -> None:
    op.add_column("plugin_installation", sa.Column("revision", sa.Text(), nullable=True))
    _remember_revisions()

    op.add_column(
        "plugin_epoch",
        sa.Column("site", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
    )

    op.create_table(
        "plugin_failure",
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "last_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("plugin", "part", "day", name=op.f("pk_plugin_failure")),
    )

    op.create_table(
        "plugin_record",
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("applied", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "applied_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("plugin", "external_id", name=op.f("pk_plugin_record")),
    )

    op.add_column("plugin_setting", sa.Column("course_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "plugin_setting",
        sa.Column(
            "secrets", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
    )
    op.create_foreign_key(
        op.f("fk_plugin_setting_course_id"),
        "plugin_setting",
        "course",
        ["course_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_unique_constraint(
        op.f("uq_plugin_setting_course_id_plugin"), "plugin_setting", ["course_id", "plugin"]
    )
    op.create_index(
        "uq_plugin_setting_site",
        "plugin_setting",
        ["plugin"],
        unique=True,
        postgresql_where=sa.text("num_nonnulls(institution_id, course_id, cohort_id) = 0"),
    )
    op.drop_constraint(op.f(PLACE), "plugin_setting", type_="check")
    op.create_check_constraint(
        op.f(PLACE), "plugin_setting", "num_nonnulls(institution_id, course_id, cohort_id) <= 1"
    )


def _remember_revisions() -> None:
    """What is installed already: NULL then means that a plugin has no migrations."""
    connection = op.get_bind()
    tables = sa.inspect(connection)
    for name in connection.scalars(sa.text("SELECT name FROM plugin_installation")).all():
        if tables.has_table("alembic_version", schema=name):
            own = f'SELECT min(version_num) FROM "{name}".alembic_version'  # noqa: S608 -- checked name
            fill = f"UPDATE plugin_installation SET revision = ({own}) WHERE name = :name"  # noqa: S608 -- same
            connection.execute(sa.text(fill), {"name": name})


def downgrade() -> None:
    op.execute("DELETE FROM plugin_setting WHERE num_nonnulls(institution_id, cohort_id) = 0")
    op.drop_constraint(op.f(PLACE), "plugin_setting", type_="check")
    op.create_check_constraint(
        op.f(PLACE), "plugin_setting", "num_nonnulls(institution_id, cohort_id) = 1"
    )
    op.drop_index("uq_plugin_setting_site", "plugin_setting")
    op.drop_constraint("uq_plugin_setting_course_id_plugin", "plugin_setting", type_="unique")
    op.drop_constraint("fk_plugin_setting_course_id", "plugin_setting", type_="foreignkey")
    op.drop_column("plugin_setting", "secrets")
    op.drop_column("plugin_setting", "course_id")
    op.drop_table("plugin_record")
    op.drop_table("plugin_failure")
    op.drop_column("plugin_epoch", "site")
    op.drop_column("plugin_installation", "revision")
