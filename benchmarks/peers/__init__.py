"""Other tools on the same statements, each in an environment of its own."""
