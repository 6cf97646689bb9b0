"""What a change breaks: from the change to the items, and what a policy says of them."""
