"""demo"""

from core.api import Demo


def load(demo: Demo) -> None:
    pass
