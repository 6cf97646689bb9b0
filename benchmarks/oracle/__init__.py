"""What an engine says of a statement, beside what its text was said to mean."""
