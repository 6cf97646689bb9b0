"""Certificates of disuse: what speaks for and against deleting datasets, and how sure that is."""
