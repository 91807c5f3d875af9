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
        "test",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), server_default="exercise", nullable=False),
        sa.Column("time_limit_minutes", sa.Integer(), nullable=True),
        sa.Column("pass_mark", sa.Integer(), nullable=True),
        sa.Column("attempts_allowed", sa.Integer(), server_default="1", nullable=False),
        sa.Column("shuffle", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("show", sa.Text(), server_default="after_closing", nullable=False),
        sa.CheckConstraint("role IN ('pre', 'post', 'exercise')", name=op.f("ck_test_role")),
        sa.CheckConstraint(
            "show IN ('at_once', 'after_closing', 'never')", name=op.f("ck_test_show")
        ),
        sa.CheckConstraint(
            "attempts_allowed BETWEEN 1 AND 100", name=op.f("ck_test_attempts_allowed")
        ),
        sa.CheckConstraint("pass_mark BETWEEN 0 AND 100", name=op.f("ck_test_pass_mark")),
        sa.CheckConstraint(
            "time_limit_minutes BETWEEN 1 AND 1440", name=op.f("ck_test_time_limit_minutes")
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_test_activity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test")),
        sa.UniqueConstraint("activity_id", name=op.f("uq_test_activity_id")),
        schema="quizzes",
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("test_id", sa.BigInteger(), nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("score", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("paper", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "closed_by IN ('participant', 'server')", name=op.f("ck_attempt_closed_by")
        ),
        sa.CheckConstraint(
            "(submitted_at IS NULL) = (score IS NULL)"
            " AND (submitted_at IS NULL) = (closed_by IS NULL)",
            name=op.f("ck_attempt_closed"),
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_attempt_score")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_attempt_enrolment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["test_id"], ["quizzes.test.id"], name=op.f("fk_attempt_test_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint(
            "test_id", "enrolment_id", "number", name=op.f("uq_attempt_test_id_enrolment_id_number")
        ),
        schema="quizzes",
    )
    op.create_index(
        op.f("ix_quizzes_attempt_enrolment_id"),
        "attempt",
        ["enrolment_id"],
        unique=False,
        schema="quizzes",
    )
    op.create_index(
        "uq_attempt_open",
        "attempt",
        ["test_id", "enrolment_id"],
        unique=True,
        schema="quizzes",
        postgresql_where=sa.text("submitted_at IS NULL"),
    )
    op.create_table(
        "question",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("test_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_format", sa.Text(), server_default="markdown", nullable=False),
        sa.Column("general_feedback", sa.Text(), server_default="", nullable=False),
        sa.Column("external_id", sa.Text(), server_default="", nullable=False),
        sa.Column("points", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('single', 'multiple', 'true_false')", name=op.f("ck_question_kind")
        ),
        sa.CheckConstraint(
            "text_format IN ('markdown', 'html', 'plain', 'moodle')",
            name=op.f("ck_question_text_format"),
        ),
        sa.CheckConstraint("points BETWEEN 1 AND 100", name=op.f("ck_question_points")),
        sa.ForeignKeyConstraint(
            ["test_id"], ["quizzes.test.id"], name=op.f("fk_question_test_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint(
            "test_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_question_test_id_position"),
        ),
        schema="quizzes",
    )
    op.create_table(
        "answer",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("choices", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("flagged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["quizzes.attempt.id"],
            name=op.f("fk_answer_attempt_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["quizzes.question.id"],
            name=op.f("fk_answer_question_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("attempt_id", "question_id", name=op.f("pk_answer")),
        schema="quizzes",
    )
    op.create_index(
        op.f("ix_quizzes_answer_question_id"),
        "answer",
        ["question_id"],
        unique=False,
        schema="quizzes",
    )
    op.create_table(
        "choice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["quizzes.question.id"],
            name=op.f("fk_choice_question_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choice")),
        sa.UniqueConstraint(
            "question_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_choice_question_id_position"),
        ),
        schema="quizzes",
    )
    op.create_table(
        "choice_key",
        sa.Column("choice_id", sa.BigInteger(), nullable=False),
        sa.Column("fraction", sa.Numeric(precision=6, scale=5), nullable=False),
        sa.CheckConstraint("fraction BETWEEN -1 AND 1", name=op.f("ck_choice_key_fraction")),
        sa.ForeignKeyConstraint(
            ["choice_id"],
            ["quizzes.choice.id"],
            name=op.f("fk_choice_key_choice_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("choice_id", name=op.f("pk_choice_key")),
        schema="quizzes",
    )


def downgrade() -> None:
    op.drop_table("choice_key", schema="quizzes")
    op.drop_table("choice", schema="quizzes")
    op.drop_index(op.f("ix_quizzes_answer_question_id"), table_name="answer", schema="quizzes")
    op.drop_table("answer", schema="quizzes")
    op.drop_table("question", schema="quizzes")
    op.drop_index(
        "uq_attempt_open",
        table_name="attempt",
        schema="quizzes",
        postgresql_where=sa.text("submitted_at IS NULL"),
    )
    op.drop_index(op.f("ix_quizzes_attempt_enrolment_id"), table_name="attempt", schema="quizzes")
    op.drop_table("attempt", schema="quizzes")
    op.drop_table("test", schema="quizzes")
