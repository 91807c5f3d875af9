"""zoom events

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "zoom_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("meeting_number", sa.BigInteger(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "name IN ('meeting.started', 'meeting.ended', 'meeting.participant_joined',"
            " 'meeting.participant_left')",
            name=op.f("ck_zoom_event_name"),
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_zoom_event_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zoom_event")),
        sa.UniqueConstraint("digest", name=op.f("uq_zoom_event_digest")),
        schema="online_classes",
    )
    op.create_index(
        op.f("ix_online_classes_zoom_event_scheduled_activity_id"),
        "zoom_event",
        ["scheduled_activity_id"],
        unique=False,
        schema="online_classes",
    )
    op.create_index(
        "ix_zoom_event_waiting",
        "zoom_event",
        ["received_at"],
        unique=False,
        schema="online_classes",
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    op.create_index(
        op.f("ix_online_classes_meeting_meeting_number"),
        "meeting",
        ["meeting_number"],
        unique=False,
        schema="online_classes",
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_online_classes_meeting_meeting_number"),
        table_name="meeting",
        schema="online_classes",
    )
    op.drop_index(
        "ix_zoom_event_waiting",
        table_name="zoom_event",
        schema="online_classes",
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    op.drop_index(
        op.f("ix_online_classes_zoom_event_scheduled_activity_id"),
        table_name="zoom_event",
        schema="online_classes",
    )
    op.drop_table("zoom_event", schema="online_classes")
