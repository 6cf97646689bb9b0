-- Statements of a day whose keys were dropped, because records of that age are refused.
ALTER TABLE shards ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;
