ALTER TABLE link DROP COLUMN looked_at;
