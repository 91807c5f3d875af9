"""An official of a province who sees its figures and nothing else."""

from core.api import Demo

OBSERVER = "monitoring.observer"


def load(demo: Demo) -> None:
    demo.holder("Suryadi Wiranata", OBSERVER, demo.offices["63"])
