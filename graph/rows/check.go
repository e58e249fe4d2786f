package rows

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/vektah/gqlparser/v2/ast"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
)

// Check compares the model table with the schema and with the database: every field of every type in it is there or is known
// to be for plain execution, every statement is one that the database takes, and every column comes in a form that can be
// written. It is for the start of the hub, so that a mistake shows then and not in somebody's answer.
func (r *Reader) Check(ctx context.Context, schema *ast.Schema) error {
	return pg.InNoOrganisation(ctx, r.pool, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		statements := map[string]bool{sqlDefinitions: true}
		var errs []error
		for bits := range 8 {
			t := newTables(rights{personal: bits&1 != 0, kyc: bits&2 != 0, systems: bits&4 != 0})
			errs = append(errs, t.check(schema, statements)...)
		}
		for sql := range statements {
			errs = append(errs, try(ctx, tx, sql)...)
		}
		if ctx.Err() != nil { // says nothing about the statements
			return context.Cause(ctx)
		}
		if err := errors.Join(errs...); err != nil {
			return fault.New(fault.Internal, "The compiled read path does not fit: %s", err)
		}
		return nil
	})
}

// check compares with the schema and adds the statements that everything there is takes.
func (t *tables) check(schema *ast.Schema, statements map[string]bool) []error {
	c := checker{compiler: compiler{plan: &plan{}}, schema: schema, seen: make(map[*object]bool)}
	roots := t.roots()
	for _, noun := range slices.Sorted(maps.Keys(roots)) {
		c.everything(c.node(roots[noun].table, roots[noun].key), roots[noun].of)
	}
	for _, n := range c.plan.nodes {
		n.finish()
		statements[n.sql] = true
	}
	return c.errs
}

// checker selects everything there is.
type checker struct {
	compiler
	schema *ast.Schema
	seen   map[*object]bool
	errs   []error
}

func (c *checker) everything(n *node, o *object) {
	if c.seen[o] {
		return
	}
	c.seen[o] = true
	names := slices.Sorted(maps.Keys(o.fields)) // one order, so that equal statements are equal texts
	c.compare(o.name, names, o.plain)
	for _, name := range names {
		f := o.fields[name]
		c.field(n, o.name+"."+name, &f)
	}
}

func (c *checker) field(n *node, name string, f *field) {
	n.join(f.joins)
	n.places(f.columns)
	switch {
	case f.write != nil:
	case f.embed != nil:
		c.everything(n, f.embed)
	case f.shape != nil:
		c.shapes(f.shape)
	case f.computed != nil:
		n.column(f.computed.column)
		if f.computed.of != nil {
			c.shapes(f.computed.of)
		}
	case f.rows != nil:
		to := c.child(n, f.rows)
		to.places(f.rows.columns)
		if f.rows.lead != nil {
			c.field(n, name, f.rows.lead)
		}
		if f.rows.element != nil {
			c.field(to.node, name, f.rows.element)
			return
		}
		c.everything(to.node, f.rows.of)
	default:
		c.errs = append(c.errs, fmt.Errorf("%s comes from nowhere", name))
	}
}

func (c *checker) shapes(s *shape) {
	c.compare(s.name, slices.Collect(maps.Keys(s.fields)), s.plain)
	for _, f := range s.fields {
		if f.shape != nil {
			c.shapes(f.shape)
		}
	}
}

// compare compares the fields of a type with those of the schema.
func (c *checker) compare(name string, fields, plain []string) {
	def := c.schema.Types[name]
	if def == nil {
		c.errs = append(c.errs, fmt.Errorf("the schema has no type %s", name))
		return
	}
	for _, f := range slices.Concat(fields, plain) {
		if def.Fields.ForName(f) == nil {
			c.errs = append(c.errs, fmt.Errorf("the schema has no field %s.%s", name, f))
		}
	}
	for _, f := range def.Fields {
		if !slices.Contains(fields, f.Name) && !slices.Contains(plain, f.Name) {
			c.errs = append(c.errs, fmt.Errorf("%s.%s is neither in the model table nor left to plain execution", name, f.Name))
		}
	}
}

// forms are the types of columns whose values can be written.
var forms = []uint32{
	pgtype.UUIDOID, pgtype.TextOID, pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.TimestamptzOID,
	pgtype.DateOID, pgtype.TextArrayOID, pgtype.JSONBOID,
}

// try runs a statement for no row at all. It is described without a place among the prepared statements, which are for those
// that come again.
func try(ctx context.Context, tx pgx.Tx, sql string) (errs []error) {
	arguments := []any{pgx.QueryExecModeDescribeExec}
	if sql != sqlDefinitions {
		arguments = append(arguments, []pgtype.UUID{})
	}
	rows, err := tx.Query(ctx, sql, arguments...)
	if err != nil {
		return []error{err}
	}
	defer rows.Close()
	for _, f := range rows.FieldDescriptions() {
		asText := f.DataTypeOID == pgtype.TextOID || f.DataTypeOID == pgtype.JSONBOID
		if !slices.Contains(forms, f.DataTypeOID) || !asText && f.Format != pgtype.BinaryFormatCode {
			errs = append(errs, fmt.Errorf("column %s has type %d in format %d", f.Name, f.DataTypeOID, f.Format))
		}
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		errs = append(errs, fmt.Errorf("%w in %s", err, sql))
	}
	return errs
}
