"""Numbered, frozen and verifiable certificates; `hooks.py` is the table of contents."""
