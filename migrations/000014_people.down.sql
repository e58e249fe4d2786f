DROP FUNCTION hub_count_people(jsonb);
DROP FUNCTION hub_find_people(jsonb);
DROP FUNCTION hub_person_condition(uuid, jsonb);
DROP INDEX person_phone;
DROP INDEX person_search;
DROP INDEX person_by_name;
ALTER TABLE person
    DROP COLUMN search_text,
    DROP COLUMN name_sort;
