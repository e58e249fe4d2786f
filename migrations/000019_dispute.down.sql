ALTER TABLE finding DROP COLUMN system_value, DROP COLUMN hub_value;
ALTER TABLE link_base DROP COLUMN disputes;
