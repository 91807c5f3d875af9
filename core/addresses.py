"""Addresses of this site as the world reaches it, for what leaves the site: print, files, mail.

A page links to pages with `url_for`. Here `SITE_URL` decides alone: a job has no request, and
what a request says of its host is the word of whoever sent it.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app


def site_url(endpoint: str, **arguments: Any) -> str:
    """The whole address of a page, the same in a request, a job and a command."""
    site = urlsplit(current_app.config["SITE_URL"])
    pages = current_app.url_map.bind(site.netloc, site.path, url_scheme=site.scheme)
    return pages.build(endpoint, arguments, force_external=True)
