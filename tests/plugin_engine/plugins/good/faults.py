"""What goes wrong, set by tests: "collect", "collect_writes", "panel", "notify", "decide", …"""

FAULTS: set[str] = set()


def fail(where: str) -> None:
    if where in FAULTS:
        raise RuntimeError(f"told to fail in {where}")
