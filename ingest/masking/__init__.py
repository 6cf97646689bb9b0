"""Statements without their values: what makes two of them one template."""
