"""What follows from the graph: one question a file."""
