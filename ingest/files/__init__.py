"""Files and streams: bytes in, text, rows and times out."""
