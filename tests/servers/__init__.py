"""Logs written by real servers, and what they must have in common."""
