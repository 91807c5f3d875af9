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
        "evidence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("recorded_by_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by_id", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(from_at, to_at) = 2 * num_nulls(seconds)", name=op.f("ck_evidence_either")
        ),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_evidence_seconds")),
        sa.CheckConstraint("to_at >= from_at", name=op.f("ck_evidence_times")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_evidence_enrolment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"],
            ["user.id"],
            name=op.f("fk_evidence_recorded_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_evidence_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"],
            ["user.id"],
            name=op.f("fk_evidence_withdrawn_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint(
            "scheduled_activity_id",
            "enrolment_id",
            "source",
            "external_id",
            name=op.f("uq_evidence_scheduled_activity_id_enrolment_id_source_external_id"),
        ),
        schema="attendance",
    )
    op.create_index(
        op.f("ix_attendance_evidence_enrolment_id"),
        "evidence",
        ["enrolment_id"],
        unique=False,
        schema="attendance",
    )
    op.create_table(
        "mark",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("marked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('present', 'absent', 'excused', 'none')", name=op.f("ck_mark_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_mark_enrolment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["marked_by_id"], ["user.id"], name=op.f("fk_mark_marked_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_mark_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
        schema="attendance",
    )
    op.create_index(
        op.f("ix_attendance_mark_enrolment_id"),
        "mark",
        ["enrolment_id"],
        unique=False,
        schema="attendance",
    )
    op.create_index(
        "ix_mark_scheduled_activity_id",
        "mark",
        ["scheduled_activity_id", "enrolment_id", "id"],
        unique=False,
        schema="attendance",
    )
    op.create_table(
        "presence",
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('present', 'absent', 'excused', 'open')", name=op.f("ck_presence_verdict")
        ),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_presence_seconds")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_presence_enrolment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_presence_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("scheduled_activity_id", "enrolment_id", name=op.f("pk_presence")),
        schema="attendance",
    )
    op.create_index(
        op.f("ix_attendance_presence_enrolment_id"),
        "presence",
        ["enrolment_id"],
        unique=False,
        schema="attendance",
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_attendance_presence_enrolment_id"), table_name="presence", schema="attendance"
    )
    op.drop_table("presence", schema="attendance")
    op.drop_index("ix_mark_scheduled_activity_id", table_name="mark", schema="attendance")
    op.drop_index(op.f("ix_attendance_mark_enrolment_id"), table_name="mark", schema="attendance")
    op.drop_table("mark", schema="attendance")
    op.drop_index(
        op.f("ix_attendance_evidence_enrolment_id"), table_name="evidence", schema="attendance"
    )
    op.drop_table("evidence", schema="attendance")
