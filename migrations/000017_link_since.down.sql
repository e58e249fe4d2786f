DROP TRIGGER link_moved ON link;
DROP FUNCTION hub_link_moved();
ALTER TABLE link DROP COLUMN since;
