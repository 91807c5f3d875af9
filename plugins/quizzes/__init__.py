"""Tests as activities of a course; `hooks.py` is the table of contents."""
