-- What a data product exposes, by name.
CREATE VIEW exposes AS
SELECT source AS product, target AS dataset, origin FROM links WHERE type = 'EXPOSES';
