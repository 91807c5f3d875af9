"""Institutions: the tree of offices and libraries."""
