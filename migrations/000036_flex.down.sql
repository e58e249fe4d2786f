ALTER TABLE plan DROP COLUMN into_used;
DROP TABLE system_usage;
ALTER TABLE system DROP COLUMN started_at, DROP COLUMN series;
