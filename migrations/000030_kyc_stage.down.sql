ALTER TABLE kyc_status DROP COLUMN stage, DROP COLUMN person, DROP COLUMN revision;
