DROP TABLE undo_item;
DROP TABLE undo;
ALTER TABLE link DROP COLUMN run_id;
DROP INDEX change_of_run;
ALTER TABLE change DROP COLUMN run_id;
