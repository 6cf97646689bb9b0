// How many steps are left of a batch that was too large for one transaction: who does not know of
// them must not write.
MATCH (s:LineageStore) SET s.steps = 0;
