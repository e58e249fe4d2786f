DROP TABLE person_proposal;
DROP TRIGGER person_keys_of_changed ON person;
DROP TRIGGER person_keys_of_new ON person;
DROP FUNCTION hub_note_person_keys();
DROP TABLE person_key;
