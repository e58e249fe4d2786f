DROP FUNCTION hub_due_kyc_clocks(timestamptz);
ALTER TABLE finding DROP COLUMN severity;
DROP INDEX finding_expires_once;
DROP TABLE kyc_clock;
DROP TABLE kyc_notice;
