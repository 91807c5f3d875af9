"""first tables

Revision: 0001, the first
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meeting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("join_url", sa.Text(), server_default="", nullable=False),
        sa.Column("meeting_number", sa.BigInteger(), nullable=True),
        sa.Column("passcode", sa.Text(), server_default="", nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "join_url = '' OR join_url ~ '^https://'", name=op.f("ck_meeting_join_url")
        ),
        sa.CheckConstraint(
            "meeting_number BETWEEN 100000000 AND 99999999999",
            name=op.f("ck_meeting_meeting_number"),
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_meeting_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["started_by_id"],
            ["user.id"],
            name=op.f("fk_meeting_started_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
        sa.UniqueConstraint("scheduled_activity_id", name=op.f("uq_meeting_scheduled_activity_id")),
        schema="online_classes",
    )
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("meeting_number", sa.BigInteger(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("imported_by_id", sa.BigInteger(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_by_id", sa.BigInteger(), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("layout IN ('intervals', 'totals')", name=op.f("ck_report_layout")),
        sa.ForeignKeyConstraint(
            ["imported_by_id"],
            ["user.id"],
            name=op.f("fk_report_imported_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_report_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["taken_back_by_id"],
            ["user.id"],
            name=op.f("fk_report_taken_back_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        schema="online_classes",
    )
    op.create_index(
        op.f("ix_online_classes_report_scheduled_activity_id"),
        "report",
        ["scheduled_activity_id"],
        unique=False,
        schema="online_classes",
    )
    op.create_table(
        "report_case",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("how", sa.Text(), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "how IN ('email', 'decision', 'person', 'name')", name=op.f("ck_report_case_how")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'matched', 'staff', 'dismissed')", name=op.f("ck_report_case_state")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user.id"],
            name=op.f("fk_report_case_decided_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_report_case_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_case")),
        sa.UniqueConstraint(
            "scheduled_activity_id",
            "name_key",
            "email",
            "part",
            name=op.f("uq_report_case_scheduled_activity_id_name_key_email_part"),
        ),
        schema="online_classes",
    )
    op.create_index(
        "ix_report_case_email",
        "report_case",
        ["email"],
        unique=False,
        schema="online_classes",
        postgresql_where=sa.text("email <> ''"),
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_visit_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_visit_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint(
            "scheduled_activity_id", "user_id", name=op.f("uq_visit_scheduled_activity_id_user_id")
        ),
        schema="online_classes",
    )
    op.create_index(
        op.f("ix_online_classes_visit_user_id"),
        "visit",
        ["user_id"],
        unique=False,
        schema="online_classes",
    )
    op.create_table(
        "case_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_before", sa.Text(), nullable=False),
        sa.Column("people_before", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("state_after", sa.Text(), nullable=False),
        sa.Column("people_after", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.CheckConstraint(
            "state_after IN ('open', 'matched', 'staff', 'dismissed')",
            name=op.f("ck_case_decision_state_after"),
        ),
        sa.CheckConstraint(
            "state_before IN ('open', 'matched', 'staff', 'dismissed')",
            name=op.f("ck_case_decision_state_before"),
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name=op.f("fk_case_decision_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["online_classes.report_case.id"],
            name=op.f("fk_case_decision_case_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_decision")),
        schema="online_classes",
    )
    op.create_index(
        op.f("ix_online_classes_case_decision_case_id"),
        "case_decision",
        ["case_id"],
        unique=False,
        schema="online_classes",
    )
    op.create_table(
        "case_person",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["online_classes.report_case.id"],
            name=op.f("fk_case_person_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_case_person_enrolment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("case_id", "enrolment_id", name=op.f("pk_case_person")),
        schema="online_classes",
    )
    op.create_index(
        op.f("ix_online_classes_case_person_enrolment_id"),
        "case_person",
        ["enrolment_id"],
        unique=False,
        schema="online_classes",
    )
    op.create_table(
        "report_row",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("waiting_room", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(joined_at IS NULL) = (left_at IS NULL)", name=op.f("ck_report_row_both_times")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["online_classes.report_case.id"],
            name=op.f("fk_report_row_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["online_classes.report.id"],
            name=op.f("fk_report_row_report_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_report_row_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_row")),
        sa.UniqueConstraint(
            "scheduled_activity_id",
            "digest",
            name=op.f("uq_report_row_scheduled_activity_id_digest"),
        ),
        schema="online_classes",
    )
    op.create_index(
        op.f("ix_online_classes_report_row_case_id"),
        "report_row",
        ["case_id"],
        unique=False,
        schema="online_classes",
    )
    op.create_index(
        op.f("ix_online_classes_report_row_report_id"),
        "report_row",
        ["report_id"],
        unique=False,
        schema="online_classes",
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_online_classes_report_row_report_id"),
        table_name="report_row",
        schema="online_classes",
    )
    op.drop_index(
        op.f("ix_online_classes_report_row_case_id"),
        table_name="report_row",
        schema="online_classes",
    )
    op.drop_table("report_row", schema="online_classes")
    op.drop_index(
        op.f("ix_online_classes_case_person_enrolment_id"),
        table_name="case_person",
        schema="online_classes",
    )
    op.drop_table("case_person", schema="online_classes")
    op.drop_index(
        op.f("ix_online_classes_case_decision_case_id"),
        table_name="case_decision",
        schema="online_classes",
    )
    op.drop_table("case_decision", schema="online_classes")
    op.drop_index(
        op.f("ix_online_classes_visit_user_id"), table_name="visit", schema="online_classes"
    )
    op.drop_table("visit", schema="online_classes")
    op.drop_index(
        "ix_report_case_email",
        table_name="report_case",
        schema="online_classes",
        postgresql_where=sa.text("email <> ''"),
    )
    op.drop_table("report_case", schema="online_classes")
    op.drop_index(
        op.f("ix_online_classes_report_scheduled_activity_id"),
        table_name="report",
        schema="online_classes",
    )
    op.drop_table("report", schema="online_classes")
    op.drop_table("meeting", schema="online_classes")
