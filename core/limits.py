"""Rate limits, counted per address or per sign-in name.

In memory by default, which is right for one host; `BIMTEK_LIMITS_URL` names a shared store.
"""

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user

limiter = Limiter(get_remote_address)


def sign_in_name() -> str:
    """The name that somebody tries to sign in with, whatever its spelling."""
    typed = request.form.get("name", "")
    return "name:" + "".join(letter for letter in typed.casefold() if letter.isalnum())


def one_person() -> str:
    """Whoever is signed in, from whatever address; a class often shares one."""
    return f"person:{current_user.get_id()}"
