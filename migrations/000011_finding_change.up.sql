-- The finding that was raised or resolved, for changes that tell of one. It is no foreign key: the log outlives what it tells of.
ALTER TABLE change ADD COLUMN finding_id uuid;
