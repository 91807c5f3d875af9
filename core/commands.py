"""What commands share, those of core and those of plugins: refusals and JSON.

`--json` prints one JSON object and nothing else. Exit status: 0 done, 1 refused, 2 usage.
"""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from core.db import db
from core.errors import DomainError

F = TypeVar("F", bound=Callable[..., Any])
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def refuses(command: F) -> F:
    """Turns a domain error into its sentence and exit status 1."""

    @wraps(command)
    def run(*args: Any, **arguments: Any) -> Any:
        try:
            return command(*args, **arguments)
        except DomainError as error:
            db.session.rollback()
            if arguments.get("as_json"):
                print_json({"error": error.message})
            else:
                click.echo(error.message, err=True)
            sys.exit(1)

    return run  # type: ignore[return-value]


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str))
