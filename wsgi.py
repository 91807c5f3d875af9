"""The WSGI entry for any server: `gunicorn wsgi:app`, `granian --interface wsgi wsgi:app`.

`bimtek serve` and `bimtek web` need no such file. `DATABASE_URL` must be set.
"""

from core import create_app

app = create_app()
