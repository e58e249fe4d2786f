DROP TABLE customer_merge;
ALTER TABLE customer DROP COLUMN merged_into;
