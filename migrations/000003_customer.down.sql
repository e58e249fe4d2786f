DROP TABLE contact;
DROP TABLE person;
DROP TABLE office;
DROP TABLE customer_address;
DROP TABLE customer;
