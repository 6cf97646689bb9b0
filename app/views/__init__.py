"""One page a file; one page answers one question."""
