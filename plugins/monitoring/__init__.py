"""Participants and results by region; `hooks.py` is the table of contents."""
