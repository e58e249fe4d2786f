DROP INDEX finding_standing;
DROP INDEX finding_recent;
