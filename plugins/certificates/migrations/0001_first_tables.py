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
        "number_series",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("institution_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("last >= 0", name=op.f("ck_number_series_last")),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_number_series_institution_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_series")),
        sa.UniqueConstraint(
            "institution_id", "year", name=op.f("uq_number_series_institution_id_year")
        ),
        schema="certificates",
    )
    op.create_table(
        "certificate",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=False),
        sa.Column("issuer_id", sa.BigInteger(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("printed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by_id", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (reason = '')", name=op.f("ck_certificate_reason")
        ),
        sa.CheckConstraint("file_id IS NULL OR failure = ''", name=op.f("ck_certificate_failure")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_certificate_enrolment_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["stored_file.id"],
            name=op.f("fk_certificate_file_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["issued_by_id"],
            ["user.id"],
            name=op.f("fk_certificate_issued_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["issuer_id"],
            ["institution.id"],
            name=op.f("fk_certificate_issuer_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"],
            ["user.id"],
            name=op.f("fk_certificate_revoked_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["certificates.number_series.id"],
            name=op.f("fk_certificate_series_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("code", name=op.f("uq_certificate_code")),
        sa.UniqueConstraint(
            "series_id", "sequence", name=op.f("uq_certificate_series_id_sequence")
        ),
        schema="certificates",
    )
    op.create_index(
        op.f("ix_certificates_certificate_enrolment_id"),
        "certificate",
        ["enrolment_id"],
        unique=False,
        schema="certificates",
    )
    op.create_index(
        op.f("ix_certificates_certificate_file_id"),
        "certificate",
        ["file_id"],
        unique=False,
        schema="certificates",
    )
    op.create_index(
        "uq_certificate_number",
        "certificate",
        [sa.literal_column("upper(number)"), "issuer_id"],
        unique=True,
        schema="certificates",
    )
    op.create_index(
        "uq_certificate_valid",
        "certificate",
        ["enrolment_id"],
        unique=True,
        schema="certificates",
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_certificate_valid",
        table_name="certificate",
        schema="certificates",
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_index("uq_certificate_number", table_name="certificate", schema="certificates")
    op.drop_index(
        op.f("ix_certificates_certificate_file_id"), table_name="certificate", schema="certificates"
    )
    op.drop_index(
        op.f("ix_certificates_certificate_enrolment_id"),
        table_name="certificate",
        schema="certificates",
    )
    op.drop_table("certificate", schema="certificates")
    op.drop_table("number_series", schema="certificates")
