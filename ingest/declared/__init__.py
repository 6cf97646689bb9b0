"""What people say: sources, owners, catalogues, consumers."""
