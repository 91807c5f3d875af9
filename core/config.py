"""Where things lie and what the operator may set.

Every setting comes from the environment; a fresh machine needs none of them.
This file reads; it starts nothing and opens no connection.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CORE = Path(__file__).resolve().parent
LOCAL_SITE = "http://127.0.0.1:8000"


def bundled(name: str) -> Path:
    """The folder `templates` or `migrations`, in a checkout or in an installed wheel."""
    beside = CORE.parent / name
    return beside if (CORE.parent / "pyproject.toml").exists() else CORE / "bundled" / name


def instance_folder() -> Path:
    """Where the data of this installation lies: `INSTANCE`, else `./instance`."""
    return Path(os.environ.get("INSTANCE") or "instance").resolve()


def secret_key(instance: Path) -> str:
    """The key that signs sessions and links; made once and kept private."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    path = instance / "secret_key"
    instance.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text()


def site_address() -> str:
    """Where the world reaches this site: `BIMTEK_SITE_URL`, else the address of a local start."""
    address = (os.environ.get("BIMTEK_SITE_URL") or LOCAL_SITE).rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"BIMTEK_SITE_URL is {address}: begin it with https:// or http://")
    return address


def _flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def settings(overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The configuration of an app; `overrides` win (tests, tools)."""
    given = dict(overrides or {})
    instance = Path(given.get("INSTANCE") or instance_folder())
    secure = _flag("BIMTEK_HTTPS")
    values: dict[str, Any] = {
        "INSTANCE": instance,
        "SECRET_KEY": given.get("SECRET_KEY") or secret_key(instance),
        "SECRET_KEY_FALLBACKS": os.environ.get("SECRET_KEY_FALLBACKS", "").split(),
        "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
        "DATABASE_READ_URL": os.environ.get("DATABASE_READ_URL", ""),
        "FILES_URL": os.environ.get("FILES_URL", ""),
        "SITE_NAME": os.environ.get("BIMTEK_SITE_NAME", "Bimtek"),
        "SITE_URL": site_address(),
        "PLUGIN_FOLDERS": os.environ.get("BIMTEK_PLUGIN_FOLDERS", ""),
        "BUNDLED_PLUGINS": True,
        "PLUGIN_LOAD_SECONDS": float(os.environ.get("BIMTEK_PLUGIN_LOAD_SECONDS", "10")),
        "SAFE_MODE": _flag("BIMTEK_SAFE_MODE"),
        "PROXIES": int(os.environ.get("BIMTEK_PROXIES", "0")),
        "HTTPS": secure,
        "DEMO": _flag("BIMTEK_DEMO"),
        "LOAD_DEMO": os.environ.get("BIMTEK_LOAD_DEMO", "1") != "0",
        "MAX_CONTENT_LENGTH": 64 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "SESSION_COOKIE_NAME": "bimtek",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "REMEMBER_COOKIE_SECURE": secure,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_HTTPONLY": True,
        "WTF_CSRF_TIME_LIMIT": None,
        "RATELIMIT_STORAGE_URI": os.environ.get("BIMTEK_LIMITS_URL", "memory://"),
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": 5,
            "max_overflow": 10,
            "pool_pre_ping": True,
            "hide_parameters": True,  # of a failing statement: they are people's data
        },
        "SQLALCHEMY_DATABASE_URI": "",
    }
    values.update(given)
    values["SQLALCHEMY_DATABASE_URI"] = driver_url(values["DATABASE_URL"])
    return values


def driver_url(url: str) -> str:
    """Any PostgreSQL URL as SQLAlchemy with psycopg 3 reads it."""
    scheme, colon, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        return f"postgresql+psycopg{colon}{rest}"
    return url
