"""The plugin engine: finds plugins, orders and loads them, and asks the active ones.

Core's other folders use it through `engine()` and the value types in `contributions`;
plugins see only what `core.api` re-exports.
"""

from core.plugin_engine.engine import Engine, engine

__all__ = ["Engine", "engine"]
