DROP FUNCTION hub_forget_inbound(interval);
DROP FUNCTION hub_find_inbound(uuid);
DROP TABLE inbound_refusal;
DROP TABLE inbound_event;
DROP TABLE inbound_endpoint;
