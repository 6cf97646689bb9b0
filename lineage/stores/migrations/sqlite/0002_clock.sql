-- When in the day: [[quarters of an hour, UTC], [counts]], for reads, writes and runs.
ALTER TABLE edges ADD COLUMN clock TEXT;
