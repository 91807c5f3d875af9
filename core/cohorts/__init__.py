"""Cohorts: one delivery of a course, its staff, participants and their progress."""
