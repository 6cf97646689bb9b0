"""Which identifiers are one dataset."""
