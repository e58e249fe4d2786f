-- Deletions under way are forgotten: whether their calls arrived shows in the external system only.
DROP TABLE deletion;
DELETE FROM intent WHERE operation = 'DELETE';
ALTER TABLE intent DROP CONSTRAINT intent_operation;
ALTER TABLE intent ADD CONSTRAINT intent_operation CHECK (operation IN ('CREATE', 'EDIT', 'REMOVE'));
ALTER TABLE change DROP COLUMN reason;
