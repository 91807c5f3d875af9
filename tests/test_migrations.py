"""The migrations lead to what the models say, forth and back."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core.db import Base, db
from core.plugin_engine import migrations
from core.testing import database

INSTALLED = sa.text("SELECT name, revision FROM plugin_installation ORDER BY name")


def of_core(thing, name, kind, _reflected, _compared):
    if kind == "table":
        return thing.schema is None and not name.startswith(("procrastinate_", "alembic_"))
    return True


@pytest.fixture
def url(server, instance):
    with database.clone(server, instance, "migrations") as url:
        yield url


def test_core_models_and_migrations_agree_after_going_back_and_forth(url, app):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        installed = connection.execute(INSTALLED).all()
        migrations.downgrade(connection, None, "0002")
        migrations.upgrade(connection)

    with engine.connect() as connection:
        assert connection.execute(INSTALLED).all() == installed
        options = {"include_object": of_core, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)

        assert compare_metadata(context, Base.metadata) == []
    assert db.engine
