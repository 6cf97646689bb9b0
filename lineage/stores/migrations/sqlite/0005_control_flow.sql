-- Which job waits for which, by name.
CREATE VIEW precedes AS
SELECT source AS job, target AS next_job, origin FROM links WHERE type = 'PRECEDES';
