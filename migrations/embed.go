// Package migrations holds the schema of the database as numbered SQL files. Each file is one transaction; package pg
// runs them. The owner role runs them, the application role hub_app works on the result under row security
// (design section 8).
package migrations

import "embed"

// FS holds the files NNNNNN_name.up.sql and their .down.sql.
//
//go:embed *.sql
var FS embed.FS
