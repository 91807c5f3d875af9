"""Courses: what is taught, in sections and activities."""
