"""What tests of several parts share: an app whose limits count, things at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from core import create_app
from core.db import READ_ENGINE, db
from core.limits import limiter
from core.testing.fixtures import SETTINGS, Client


@pytest.fixture
def at_once():
    """Runs each in a thread of its own, all at the same moment; gives their answers."""

    def run(*works):
        together = Barrier(len(works))

        def begin(work):
            together.wait()
            return work()

        with ThreadPoolExecutor(len(works)) as pool:
            return list(pool.map(begin, works))

    return run


@pytest.fixture
def limited_app(app, database_url, instance):
    """An app of its own whose limits count; the suite's other requests are not limited."""
    settings = {**SETTINGS, "RATELIMIT_ENABLED": True}
    limited = create_app({**settings, "DATABASE_URL": database_url, "INSTANCE": instance})
    limited.test_client_class = Client
    yield limited
    limiter.reset()
    limiter.enabled = False
    with limited.app_context():
        db.engine.dispose()
    limited.extensions[READ_ENGINE].dispose()
