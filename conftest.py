"""Tests of core, of the bundled plugins and journeys stand on one kit."""

pytest_plugins = ["core.testing.fixtures", "core.testing.live", "core.testing.demo"]
