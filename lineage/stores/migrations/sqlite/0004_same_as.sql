-- What is called the same is looked up by every question; there is little of it, often nothing.
CREATE INDEX edges_same_as ON edges (type, src) WHERE type = 'SAME_AS';
