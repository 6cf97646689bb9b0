"""How well domains and teams look after their data."""
