"""Where silence proves nothing: what was logged, and what was not understood."""
