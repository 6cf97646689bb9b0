"""What people read in a terminal: results in, rich renderables out."""
