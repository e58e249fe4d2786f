-- The rows stay, so that the numbering keeps no holes; what they tell of is lost.
ALTER TABLE change DROP COLUMN finding_id;
