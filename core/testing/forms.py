"""What a browser sends of a form beside what people fill in."""

from core.plugin_engine.form_parts import MARK, anchor


def sent_parts(plugin: str, *hooks: str) -> dict[str, list[str]]:
    """The marks of the plugin's parts: `data={…, **sent_parts("regions", "institution")}`."""
    return {MARK: [anchor(hook, plugin) for hook in hooks]}
