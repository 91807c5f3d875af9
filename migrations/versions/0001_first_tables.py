"""first tables

Revision: 0001, the first
"""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("participant_number", start=1001)))
    op.create_table(
        "institution",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), server_default="Asia/Jakarta", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('national', 'province', 'regency', 'library', 'agency', 'network')",
            name=op.f("ck_institution_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["institution.id"],
            name=op.f("fk_institution_parent_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
        sa.UniqueConstraint("code", name=op.f("uq_institution_code")),
    )
    op.create_index(op.f("ix_institution_name_key"), "institution", ["name_key"], unique=False)
    op.create_index(op.f("ix_institution_parent_id"), "institution", ["parent_id"], unique=False)
    op.create_index(
        "ix_institution_path",
        "institution",
        ["path"],
        unique=True,
        postgresql_ops={"path": "text_pattern_ops"},
    )
    op.create_table(
        "plugin_epoch",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_plugin_epoch_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plugin_epoch")),
    )
    op.create_table(
        "plugin_installation",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column(
            "installed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_plugin_installation")),
    )
    op.create_table(
        "stored_file",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        sa.UniqueConstraint("key", name=op.f("uq_stored_file_key")),
    )
    op.create_table(
        "course",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("institution_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("lesson_hours", sa.Integer(), server_default="0", nullable=False),
        sa.Column("language", sa.Text(), server_default="id", nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("language IN ('id', 'en')", name=op.f("ck_course_language")),
        sa.CheckConstraint(
            "status IN ('draft', 'published', 'archived')",
            name=op.f("ck_course_status"),
        ),
        sa.CheckConstraint("lesson_hours BETWEEN 0 AND 1000", name=op.f("ck_course_lesson_hours")),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_course_institution_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("code", name=op.f("uq_course_code")),
    )
    op.create_index(op.f("ix_course_institution_id"), "course", ["institution_id"], unique=False)
    op.create_table(
        "institution_alias",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("institution_id", sa.BigInteger(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_alias_institution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution_alias")),
        sa.UniqueConstraint(
            "institution_id",
            "key",
            name=op.f("uq_institution_alias_institution_id_key"),
        ),
    )
    op.create_index(
        op.f("ix_institution_alias_institution_id"),
        "institution_alias",
        ["institution_id"],
        unique=False,
    )
    op.create_index(op.f("ix_institution_alias_key"), "institution_alias", ["key"], unique=False)
    op.create_table(
        "user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "number",
            sa.Text(),
            server_default=sa.text("'P-' || nextval('participant_number')"),
            nullable=False,
        ),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("nip", sa.Text(), nullable=True),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("title_before", sa.Text(), server_default="", nullable=False),
        sa.Column("title_after", sa.Text(), server_default="", nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), server_default="", nullable=False),
        sa.Column("institution_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.Text(), server_default="id", nullable=False),
        sa.Column("timezone", sa.Text(), server_default="Asia/Jakarta", nullable=False),
        sa.Column("theme", sa.Text(), server_default="auto", nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("fs_uniquifier", sa.Text(), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("full_name <> ''", name=op.f("ck_user_full_name")),
        sa.CheckConstraint("language IN ('id', 'en')", name=op.f("ck_user_language")),
        sa.CheckConstraint("nip ~ '^[0-9]{18}$'", name=op.f("ck_user_nip")),
        sa.CheckConstraint("phone ~ '^\\+[0-9]{8,15}$'", name=op.f("ck_user_phone")),
        sa.CheckConstraint("theme IN ('auto', 'light', 'dark')", name=op.f("ck_user_theme")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_user_email")),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_user_institution_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_user_fs_uniquifier")),
        sa.UniqueConstraint("nip", name=op.f("uq_user_nip")),
        sa.UniqueConstraint("number", name=op.f("uq_user_number")),
    )
    op.create_index(op.f("ix_user_institution_id"), "user", ["institution_id"], unique=False)
    op.create_index(op.f("ix_user_name_key"), "user", ["name_key"], unique=False)
    op.create_index(op.f("ix_user_phone"), "user", ["phone"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("institution_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column(
            "change",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"],
            ["user.id"],
            name=op.f("fk_audit_entry_actor_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_audit_entry_institution_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_actor_id"), "audit_entry", ["actor_id"], unique=False)
    op.create_index(
        op.f("ix_audit_entry_institution_id"),
        "audit_entry",
        ["institution_id"],
        unique=False,
    )
    op.create_table(
        "cohort",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("mode", sa.Text(), server_default="online", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("timezone", sa.Text(), server_default="Asia/Jakarta", nullable=False),
        sa.Column("venue", sa.Text(), server_default="", nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("enrolment_policy", sa.Text(), server_default="organiser", nullable=False),
        sa.Column("enrolment_key", sa.Text(), server_default="", nullable=False),
        sa.Column("organiser_id", sa.BigInteger(), nullable=False),
        sa.Column("host_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9-]*$'", name=op.f("ck_cohort_code")),
        sa.CheckConstraint(
            "enrolment_policy <> 'key' OR enrolment_key <> ''",
            name=op.f("ck_cohort_enrolment_key"),
        ),
        sa.CheckConstraint(
            "enrolment_policy IN ('organiser', 'key')",
            name=op.f("ck_cohort_enrolment_policy"),
        ),
        sa.CheckConstraint("mode IN ('online', 'onsite', 'hybrid')", name=op.f("ck_cohort_mode")),
        sa.CheckConstraint(
            "status IN ('draft', 'published', 'cancelled')",
            name=op.f("ck_cohort_status"),
        ),
        sa.CheckConstraint("capacity > 0", name=op.f("ck_cohort_capacity")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_cohort_dates")),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["course.id"],
            name=op.f("fk_cohort_course_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["host_id"],
            ["institution.id"],
            name=op.f("fk_cohort_host_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organiser_id"],
            ["institution.id"],
            name=op.f("fk_cohort_organiser_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort")),
        sa.UniqueConstraint("code", name=op.f("uq_cohort_code")),
    )
    op.create_index(op.f("ix_cohort_course_id"), "cohort", ["course_id"], unique=False)
    op.create_index(op.f("ix_cohort_host_id"), "cohort", ["host_id"], unique=False)
    op.create_index(op.f("ix_cohort_organiser_id"), "cohort", ["organiser_id"], unique=False)
    op.create_table(
        "grant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_grant_institution_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_grant_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant")),
        sa.UniqueConstraint(
            "user_id",
            "role",
            "institution_id",
            name=op.f("uq_grant_user_id_role_institution_id"),
        ),
    )
    op.create_index(op.f("ix_grant_institution_id"), "grant", ["institution_id"], unique=False)
    op.create_index(op.f("ix_grant_user_id"), "grant", ["user_id"], unique=False)
    op.create_table(
        "one_time_access",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("issued_by_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["issued_by_id"],
            ["user.id"],
            name=op.f("fk_one_time_access_issued_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_one_time_access_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_access")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_access_token_hash")),
    )
    op.create_index(
        op.f("ix_one_time_access_user_id"), "one_time_access", ["user_id"], unique=False
    )
    op.create_table(
        "plugin_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("institution_id", sa.BigInteger(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("locked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user.id"],
            name=op.f("fk_plugin_decision_decided_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_plugin_decision_institution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plugin_decision")),
        sa.UniqueConstraint(
            "institution_id",
            "plugin",
            name=op.f("uq_plugin_decision_institution_id_plugin"),
        ),
    )
    op.create_index(
        op.f("ix_plugin_decision_institution_id"),
        "plugin_decision",
        ["institution_id"],
        unique=False,
    )
    op.create_table(
        "section",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("numbered", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("lesson_hours", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["course.id"],
            name=op.f("fk_section_course_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_section")),
        sa.UniqueConstraint(
            "course_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_section_course_id_position"),
        ),
    )
    op.create_index(op.f("ix_section_course_id"), "section", ["course_id"], unique=False)
    op.create_table(
        "activity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("section_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("minutes BETWEEN 0 AND 10000", name=op.f("ck_activity_minutes")),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["stored_file.id"],
            name=op.f("fk_activity_file_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["section.id"],
            name=op.f("fk_activity_section_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
        sa.UniqueConstraint(
            "section_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_activity_section_id_position"),
        ),
    )
    op.create_index(op.f("ix_activity_file_id"), "activity", ["file_id"], unique=False)
    op.create_index(op.f("ix_activity_section_id"), "activity", ["section_id"], unique=False)
    op.create_table(
        "cohort_staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cohort_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("role IN ('trainer', 'committee')", name=op.f("ck_cohort_staff_role")),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohort.id"],
            name=op.f("fk_cohort_staff_cohort_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_cohort_staff_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort_staff")),
        sa.UniqueConstraint(
            "cohort_id",
            "user_id",
            "role",
            name=op.f("uq_cohort_staff_cohort_id_user_id_role"),
        ),
    )
    op.create_index(op.f("ix_cohort_staff_cohort_id"), "cohort_staff", ["cohort_id"], unique=False)
    op.create_index(op.f("ix_cohort_staff_user_id"), "cohort_staff", ["user_id"], unique=False)
    op.create_table(
        "enrolment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("cohort_id", sa.BigInteger(), nullable=False),
        sa.Column("institution_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="confirmed", nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("required_total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("required_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status IN ('confirmed', 'withdrawn')", name=op.f("ck_enrolment_status")
        ),
        sa.CheckConstraint("via IN ('organiser', 'key', 'roster')", name=op.f("ck_enrolment_via")),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohort.id"],
            name=op.f("fk_enrolment_cohort_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_enrolment_institution_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_enrolment_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("user_id", "cohort_id", name=op.f("uq_enrolment_user_id_cohort_id")),
    )
    op.create_index(
        "ix_enrolment_cohort_status", "enrolment", ["cohort_id", "status"], unique=False
    )
    op.create_index(
        op.f("ix_enrolment_institution_id"),
        "enrolment",
        ["institution_id"],
        unique=False,
    )
    op.create_index(op.f("ix_enrolment_user_id"), "enrolment", ["user_id"], unique=False)
    op.create_table(
        "activity_progress",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overridden_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('started', 'done', 'failed')",
            name=op.f("ck_activity_progress_state"),
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activity.id"],
            name=op.f("fk_activity_progress_activity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_activity_progress_enrolment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["overridden_by_id"],
            ["user.id"],
            name=op.f("fk_activity_progress_overridden_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_progress")),
        sa.UniqueConstraint(
            "enrolment_id",
            "activity_id",
            name=op.f("uq_activity_progress_enrolment_id_activity_id"),
        ),
    )
    op.create_index(
        op.f("ix_activity_progress_activity_id"),
        "activity_progress",
        ["activity_id"],
        unique=False,
    )
    op.create_table(
        "scheduled_activity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cohort_id", sa.BigInteger(), nullable=False),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_scheduled_activity_window")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_scheduled_activity_times")),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activity.id"],
            name=op.f("fk_scheduled_activity_activity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohort.id"],
            name=op.f("fk_scheduled_activity_cohort_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_activity")),
        sa.UniqueConstraint(
            "cohort_id",
            "activity_id",
            name=op.f("uq_scheduled_activity_cohort_id_activity_id"),
        ),
    )
    op.create_index(
        op.f("ix_scheduled_activity_activity_id"),
        "scheduled_activity",
        ["activity_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_scheduled_activity_cohort_id"),
        "scheduled_activity",
        ["cohort_id"],
        unique=False,
    )
    op.create_table(
        "scheduled_staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheduled_activity_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["scheduled_activity_id"],
            ["scheduled_activity.id"],
            name=op.f("fk_scheduled_staff_scheduled_activity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_scheduled_staff_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_staff")),
        sa.UniqueConstraint(
            "scheduled_activity_id",
            "user_id",
            name=op.f("uq_scheduled_staff_scheduled_activity_id_user_id"),
        ),
    )
    op.create_index(
        op.f("ix_scheduled_staff_scheduled_activity_id"),
        "scheduled_staff",
        ["scheduled_activity_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_scheduled_staff_user_id"), "scheduled_staff", ["user_id"], unique=False
    )
    op.execute("INSERT INTO plugin_epoch (id) VALUES (1)")
    op.get_bind().connection.cursor().execute(SchemaManager.get_schema())


def downgrade() -> None:
    _drop_procrastinate()
    op.drop_index(op.f("ix_scheduled_staff_user_id"), table_name="scheduled_staff")
    op.drop_index(op.f("ix_scheduled_staff_scheduled_activity_id"), table_name="scheduled_staff")
    op.drop_table("scheduled_staff")
    op.drop_index(op.f("ix_scheduled_activity_cohort_id"), table_name="scheduled_activity")
    op.drop_index(op.f("ix_scheduled_activity_activity_id"), table_name="scheduled_activity")
    op.drop_table("scheduled_activity")
    op.drop_index(op.f("ix_activity_progress_activity_id"), table_name="activity_progress")
    op.drop_table("activity_progress")
    op.drop_index(op.f("ix_enrolment_user_id"), table_name="enrolment")
    op.drop_index(op.f("ix_enrolment_institution_id"), table_name="enrolment")
    op.drop_index("ix_enrolment_cohort_status", table_name="enrolment")
    op.drop_table("enrolment")
    op.drop_index(op.f("ix_cohort_staff_user_id"), table_name="cohort_staff")
    op.drop_index(op.f("ix_cohort_staff_cohort_id"), table_name="cohort_staff")
    op.drop_table("cohort_staff")
    op.drop_index(op.f("ix_activity_section_id"), table_name="activity")
    op.drop_index(op.f("ix_activity_file_id"), table_name="activity")
    op.drop_table("activity")
    op.drop_index(op.f("ix_section_course_id"), table_name="section")
    op.drop_table("section")
    op.drop_index(op.f("ix_plugin_decision_institution_id"), table_name="plugin_decision")
    op.drop_table("plugin_decision")
    op.drop_index(op.f("ix_one_time_access_user_id"), table_name="one_time_access")
    op.drop_table("one_time_access")
    op.drop_index(op.f("ix_grant_user_id"), table_name="grant")
    op.drop_index(op.f("ix_grant_institution_id"), table_name="grant")
    op.drop_table("grant")
    op.drop_index(op.f("ix_cohort_organiser_id"), table_name="cohort")
    op.drop_index(op.f("ix_cohort_host_id"), table_name="cohort")
    op.drop_index(op.f("ix_cohort_course_id"), table_name="cohort")
    op.drop_table("cohort")
    op.drop_index(op.f("ix_audit_entry_institution_id"), table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_actor_id"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_index(op.f("ix_user_phone"), table_name="user")
    op.drop_index(op.f("ix_user_name_key"), table_name="user")
    op.drop_index(op.f("ix_user_institution_id"), table_name="user")
    op.drop_table("user")
    op.drop_index(op.f("ix_institution_alias_key"), table_name="institution_alias")
    op.drop_index(op.f("ix_institution_alias_institution_id"), table_name="institution_alias")
    op.drop_table("institution_alias")
    op.drop_index(op.f("ix_course_institution_id"), table_name="course")
    op.drop_table("course")
    op.drop_table("stored_file")
    op.drop_table("plugin_installation")
    op.drop_table("plugin_epoch")
    op.drop_index(
        "ix_institution_path",
        table_name="institution",
        postgresql_ops={"path": "text_pattern_ops"},
    )
    op.drop_index(op.f("ix_institution_parent_id"), table_name="institution")
    op.drop_index(op.f("ix_institution_name_key"), table_name="institution")
    op.drop_table("institution")
    op.execute(sa.schema.DropSequence(sa.Sequence("participant_number")))


def _drop_procrastinate() -> None:
    """Everything that the job queue's own schema made: tables, functions, types."""
    op.execute(
        """
        DO $$ DECLARE thing record; BEGIN
          FOR thing IN SELECT tablename FROM pg_tables
            WHERE schemaname = current_schema AND tablename LIKE 'procrastinate\\_%' LOOP
            EXECUTE format('DROP TABLE %I CASCADE', thing.tablename);
          END LOOP;
          FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc
            WHERE proname LIKE 'procrastinate\\_%' LOOP
            EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', thing.name);
          END LOOP;
          FOR thing IN SELECT typname FROM pg_type
            WHERE typname LIKE 'procrastinate\\_%' AND typtype IN ('e', 'c') LOOP
            EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', thing.typname);
          END LOOP;
        END $$
        """
    )
