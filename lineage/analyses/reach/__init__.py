"""What hangs together with what, and by which way."""
