"""What nobody needs: orphans, dead branches, what they cost."""
