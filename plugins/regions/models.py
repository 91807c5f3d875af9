"""Where an institution lies, as somebody has set it; what follows from it is in `queries`."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from core.api import Base, Extension, extends

SCHEMA = "regions"


class InstitutionRegion(Extension, Base):
    """An institution's own region; without a row it follows the institution above.

    `data_version` names the data that knew the code when it was set.
    """

    __tablename__ = "institution_region"
    __table_args__ = (
        sa.CheckConstraint(r"code ~ '^[0-9]{2}(\.[0-9]{2})?$'", name="code"),
        {"schema": SCHEMA},
    )

    institution_id: Mapped[int] = extends("institution.id")
    code: Mapped[str]
    data_version: Mapped[str]
