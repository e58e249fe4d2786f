DROP TABLE link_part;
DROP TABLE link_base;
DROP TABLE link;
