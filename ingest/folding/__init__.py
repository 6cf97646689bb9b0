"""Statements counted: one cell a template, issuer, login and day."""
