"""The demo: invented people in a believable year, made through the same services as a click.

Never over anybody's data: it is refused where a single person is registered.
"""

from core.demo.story import LOADED, Demo, demo_is_loaded, load_demo, logins

__all__ = ["LOADED", "Demo", "demo_is_loaded", "load_demo", "logins"]
