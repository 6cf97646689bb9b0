"""What people answer for: owners, support, contracts, deprecations, notices."""
