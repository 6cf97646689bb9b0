"""What it costs, as ratios in one run; nothing here is timed in a test."""
