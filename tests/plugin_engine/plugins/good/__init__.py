"""A plugin that does everything a plugin may do, and fails where a test tells it to."""
