"""Impact answers held against what a database does before and after the change."""
