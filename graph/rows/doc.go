// Package rows is the compiled read path (design section 6): it answers fields of Query straight from rows, without executing
// a selection field by field, which is where most of the time of a list goes.
//
//	selection → plan → one statement per table and level → JSON from rows → gqlgen, as a finished value
//
// The model table (tables.go, object.go) says for each type how its fields come from a row, from an object within the row,
// or from rows of another table. The compiler (compile.go) makes a plan of a selection: which columns of which tables, and
// where each goes in the answer; only what is selected is read. The runner (run.go) sends all statements of a level in one
// round trip, a list and then everything that hangs on it, whatever the size of the page. The writer puts values into JSON
// exactly as gqlgen would (write.go, value.go).
//
// What is made of more than a row, such as the provenance of values, is fetched for all rows at once from where the resolvers
// have it (computed.go), and written from package model by the Go types of its fields (modelshape.go).
//
// What is not in the model table makes the whole root field be executed plainly, by the
// resolvers of package graph; so does whatever is wrong with arguments, which plain execution says. The two ways give the same
// bytes, which a test in internal/server holds with random documents, so either may answer anything.
//
// Rights are in the model table, not in the writer: there is a table for each combination of the scopes that mask values, and
// the rights of the viewer are part of the key under which a plan is kept. Rows of other organisations are kept away by row
// security, as everywhere.
package rows
