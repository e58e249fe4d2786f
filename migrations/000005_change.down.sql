DROP TABLE idempotency_key;
DROP FUNCTION hub_number_changes(integer);
DROP TABLE change_counter;
DROP TABLE change;
