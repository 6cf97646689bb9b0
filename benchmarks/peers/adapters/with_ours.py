"""This project."""

import stream

from ingest.sql import extract_case

stream.run(extract_case)
