DROP TABLE finding;
