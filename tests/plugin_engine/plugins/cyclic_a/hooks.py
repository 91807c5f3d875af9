"""Fine by itself."""
