DROP FUNCTION hub_claim_run(text, interval);
DROP FUNCTION hub_propose_polls(uuid);
DROP TABLE lane_ticket;
DROP TABLE lane;
DROP TABLE run_item;
DROP TABLE run;
DROP TABLE system;
