DROP FUNCTION hub_forget_recipients(interval);
DROP FUNCTION hub_claim_error_report(interval, interval, text[]);
DROP TABLE error_report;
DROP INDEX finding_of_report;
DROP INDEX finding_untold;
ALTER TABLE finding DROP COLUMN report_id;
ALTER TABLE system DROP COLUMN report_language, DROP COLUMN report_email;
