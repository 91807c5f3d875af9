"""What tests of core and of plugins stand on: real PostgreSQL, an app, factories.

A plugin's own tests use it with `pytest_plugins = ["core.testing.fixtures"]`.
"""
