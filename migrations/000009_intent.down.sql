DROP FUNCTION hub_analyze_customers();
DROP FUNCTION hub_due_links(integer);
DROP TABLE number_counter;
DROP TABLE intent;
