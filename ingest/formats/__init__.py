"""Query-log formats: one a file, bytes in, query records out."""
