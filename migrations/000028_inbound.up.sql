-- Messages that systems send by themselves: where they are taken, what was taken already, and what was refused. No body is kept: a
-- message only says where to look.

-- One row is one address. At most one of a system takes messages; one that was removed stays, so that the hub ends the subscription at
-- the system, and makes no address by itself again.
CREATE TABLE inbound_endpoint (
    organisation_id    uuid NOT NULL,
    -- Part of the address and random throughout, so that nobody guesses it. It is no secret: messages are verified by the secret.
    id                 uuid NOT NULL,
    system_id          uuid NOT NULL,
    -- Sealed with the hub's keyset, bound to organisation, system and endpoint. The one before goes on being taken for a while, since
    -- somebody has to enter the new one in the system.
    secret             bytea CONSTRAINT inbound_endpoint_secret CHECK ((secret IS NULL) = (removed_at IS NOT NULL)),
    secret_no          integer NOT NULL DEFAULT 1,
    secret_set_at      timestamptz NOT NULL DEFAULT now(),
    previous_secret    bytea,
    previous_until     timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    removed_at         timestamptz,
    last_delivery_at   timestamptz,
    last_refused_at    timestamptz,
    -- How many messages in a row could not be verified, up to now.
    refused_in_row     integer NOT NULL DEFAULT 0,
    -- What the hub subscribed to at the system by itself: its id there, and with which secret; '' when nothing.
    subscription_id    text NOT NULL DEFAULT '',
    subscription_no    integer NOT NULL DEFAULT 0,
    subscription_at    timestamptz,
    -- When the subscription at the system is looked at next; NULL when never again.
    look_at            timestamptz DEFAULT now(),
    fault_code         text NOT NULL DEFAULT '',
    fault_message      text NOT NULL DEFAULT '',
    fault_since        timestamptz,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, system_id) REFERENCES system (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT inbound_endpoint_previous CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    CONSTRAINT inbound_endpoint_fault CHECK ((fault_code = '') = (fault_since IS NULL))
);
CREATE UNIQUE INDEX inbound_endpoint_by_id ON inbound_endpoint (id);
CREATE UNIQUE INDEX inbound_endpoint_one ON inbound_endpoint (organisation_id, system_id) WHERE removed_at IS NULL;
CREATE INDEX inbound_endpoint_of_system ON inbound_endpoint (organisation_id, system_id, created_at);
SELECT hub_protect('inbound_endpoint');

-- What was taken, by a hash of the system's own id of it, for as long as the system may send it again. The row is written with what
-- comes of the message, so any number of replicas that get it at a time do that once.
CREATE TABLE inbound_event (
    organisation_id uuid NOT NULL,
    endpoint_id     uuid NOT NULL,
    event           bytea NOT NULL CONSTRAINT inbound_event_length CHECK (length(event) = 32),
    received_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, endpoint_id, event),
    FOREIGN KEY (organisation_id, endpoint_id) REFERENCES inbound_endpoint (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX inbound_event_old ON inbound_event (received_at);
SELECT hub_protect('inbound_event');

-- How many messages were refused, and why. Nothing of them is kept.
CREATE TABLE inbound_refusal (
    organisation_id uuid NOT NULL,
    endpoint_id     uuid NOT NULL,
    reason          text NOT NULL CONSTRAINT inbound_refusal_reason
                    CHECK (reason IN ('SIGNATURE', 'TOO_OLD', 'NOT_UNDERSTOOD', 'TOO_LARGE', 'TOO_SLOW', 'TOO_MANY')),
    count           bigint NOT NULL,
    last_at         timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, endpoint_id, reason),
    FOREIGN KEY (organisation_id, endpoint_id) REFERENCES inbound_endpoint (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('inbound_refusal');

-- hub_find_inbound tells whose an address is, before an organisation is known. The secrets that it gives are sealed. It gives the time
-- too, by which the age of a message is judged, and a row also where there is no such address: so both take as long.
CREATE FUNCTION hub_find_inbound(p_id uuid)
RETURNS TABLE (asked_at timestamptz, organisation_id uuid, system_id uuid, kind text, secret bytea, previous_secret bytea, in_trouble boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT now(), e.organisation_id, e.system_id, s.kind, e.secret, CASE WHEN e.previous_until > now() THEN e.previous_secret END,
        coalesce(e.refused_in_row > 0, false)
    FROM (VALUES (p_id)) AS asked (id)
    LEFT JOIN inbound_endpoint e ON e.id = asked.id AND e.removed_at IS NULL
    LEFT JOIN system s ON s.organisation_id = e.organisation_id AND s.id = e.system_id
$$;
REVOKE ALL ON FUNCTION hub_find_inbound(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_find_inbound(uuid) TO hub_app;

-- hub_forget_inbound forgets what was taken longer ago than any system sends it again, in all organisations, and gives the number.
CREATE FUNCTION hub_forget_inbound(p_after interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone integer;
BEGIN
    DELETE FROM inbound_event WHERE received_at < now() - p_after;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
REVOKE ALL ON FUNCTION hub_forget_inbound(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_forget_inbound(interval) TO hub_app;
