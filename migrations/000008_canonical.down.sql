DROP FUNCTION hub_erase_orphans(interval);
DROP TABLE kyc_status;
DROP TABLE provenance;
DROP TABLE custom_field;
DROP TRIGGER contact_came ON contact;
DROP TRIGGER contact_gone ON contact;
DROP FUNCTION hub_contacts_came();
DROP FUNCTION hub_contacts_gone();
ALTER TABLE person DROP COLUMN orphaned_at;
ALTER TABLE customer
    DROP COLUMN responsible_kind,
    DROP COLUMN responsible_system,
    DROP COLUMN responsible_external_id,
    DROP COLUMN responsible_name,
    DROP COLUMN custom_fields;
