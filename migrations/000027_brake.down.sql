DROP TABLE brake_stop;
DROP TABLE brake_slot;
DROP TABLE brake;
DROP INDEX link_base_held;
ALTER TABLE link_base DROP COLUMN held;
ALTER TABLE link_base DROP COLUMN brake;
