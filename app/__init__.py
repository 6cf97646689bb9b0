"""Faces people: command line and pages; wires the rest."""
