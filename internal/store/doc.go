// Package store is all SQL of the hub, one file per noun, and the mapping between rows and nouns; nothing else. Its
// functions take a pool or a transaction, so that they compose; package hub opens the transactions.
//
// Row security does the filtering: a transaction names its organisation (pg.InOrganisation), rows of others do not exist
// for it, and rows it inserts are its own by the column's default. So no statement here mentions an organisation.
//
// Many rows are written by one statement per table, from a JSON array of rows. COPY would be quicker and is not available
// under row security.
package store
