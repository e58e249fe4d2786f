DROP FUNCTION hub_search_customers(text[]);
DROP INDEX customer_search;
DROP EXTENSION btree_gin;
DROP EXTENSION pg_trgm;
