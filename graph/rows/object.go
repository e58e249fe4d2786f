package rows

import (
	"customerhub/graph/model"
)

// object says how a type of the schema is written from rows of a table. Expressions are SQL on the tables' usual aliases.
type object struct {
	name   string
	fields map[string]field
	// plain are fields of the type that only plain execution can give: who selects one is answered by it.
	plain []string
}

// field says how one field of an object comes from its row. Exactly one of write, embed, shape, rows and computed is set.
type field struct {
	// columns are what it needs of the row.
	columns []string
	// joins are what columns need beside the object's own table, each after what it builds upon.
	joins []string
	// write appends the value, given the columns.
	write func(x *run, out []byte, v []value) []byte
	// embed is an object whose values stand in the same row; null where present says no, by the columns. A nil present is
	// always.
	embed   *object
	present func(v []value) bool
	// shape is a list of things that are made of the columns.
	shape *shape
	// rows are rows of another table.
	rows *relation
	// computed is made by the hub.
	computed *computed
}

// relation leads from a row to rows of another table.
type relation struct {
	// name tells the relations of one table apart; those of the same name share a statement.
	name string
	of   *object
	// table is where the rows are, key their column that holds the value of parent, an expression on the row that leads here.
	table, key, parent string
	// order is the order of the rows of one parent; newest takes only the first of them.
	order  string
	newest bool
	// one makes it a single object and not a list: null where there is no row, or the object with all its values unknown.
	one, unknown bool
	// filter and element are on columns. filter says which rows are meant; element is what of a row is written, when it is not
	// the row's own object.
	columns []string
	filter  func(arguments map[string]any) func(v []value) bool
	element *field
	// lead is an object on the parent's row that is written before the rows.
	lead *field
}

// shape says how a type is written from things that are no rows.
type shape struct {
	name   string
	fields map[string]shapeField
	plain  []string
	// list makes the things from the columns.
	list func(x *run, v []value) []any
}

// shapeField is one field of a shape: a value, one thing, or a list of things.
type shapeField struct {
	write func(out []byte, of any) []byte
	one   func(of any) any
	many  func(of any) []any
	shape *shape
	// lookUp is one among what was read for the whole answer.
	lookUp func(x *run, of any) any
}

// Values that are written as they stand in a column.

func text(column string) field { // null when it is empty, which is how the database says "not known"
	return leaf(func(_ *run, out []byte, v []value) []byte {
		if len(v[0]) == 0 {
			return appendNull(out)
		}
		return appendText(out, v[0])
	}, column)
}

func textOrEmpty(column string) field {
	return leaf(func(_ *run, out []byte, v []value) []byte { return appendText(out, v[0]) }, column)
}

// enum writes a value that is one of the enum's, or otherwise where it is not.
func enum(column string, otherwise string, valid func(string) bool) field {
	return leaf(func(_ *run, out []byte, v []value) []byte {
		if v[0] == nil || valid != nil && !valid(string(v[0])) {
			return appendText(out, otherwise)
		}
		return appendText(out, v[0])
	}, column)
}

func id(n model.Noun, column string) field {
	return leaf(func(_ *run, out []byte, v []value) []byte { return appendID(out, n, v[0]) }, column)
}

func integer(column string) field {
	return leaf(func(_ *run, out []byte, v []value) []byte { return appendInt(out, v[0].integer()) }, column)
}

func boolean(column string) field { // null when it is NULL
	return leaf(func(_ *run, out []byte, v []value) []byte {
		if v[0] == nil {
			return appendNull(out)
		}
		return appendBool(out, v[0].boolean())
	}, column)
}

func moment(column string) field { // null when it is NULL
	return leaf(func(_ *run, out []byte, v []value) []byte {
		if v[0] == nil {
			return appendNull(out)
		}
		return appendMoment(out, v[0].moment())
	}, column)
}

func day(column string) field { // null when it is NULL
	return leaf(func(_ *run, out []byte, v []value) []byte {
		if v[0] == nil {
			return appendNull(out)
		}
		return appendDay(out, v[0].day())
	}, column)
}

func texts(column string) field {
	return leaf(func(_ *run, out []byte, v []value) []byte {
		out = append(out, '[')
		first := true
		v[0].texts(func(text []byte) {
			if !first {
				out = append(out, ',')
			}
			first = false
			out = appendText(out, text)
		})
		return append(out, ']')
	}, column)
}

// always is the same for every row.
func always(json string) field {
	return leaf(func(_ *run, out []byte, _ []value) []byte { return append(out, json...) })
}

func leaf(write func(x *run, out []byte, v []value) []byte, columns ...string) field {
	return field{columns: columns, write: write}
}

const (
	null      = "null"
	emptyList = "[]"
)

// hidden is the field, or what stands for it where hide says so of one more column.
func (f field) hidden(column string, joins []string, hide func(value) bool, instead string) field {
	n := len(f.columns)
	columns := append(f.columns[:n:n], column)
	joins = append(f.joins[:len(f.joins):len(f.joins)], joins...)
	if f.embed != nil {
		present := f.present
		return field{columns: columns, joins: joins, embed: f.embed, present: func(v []value) bool {
			return !hide(v[n]) && (present == nil || present(v[:n]))
		}}
	}
	write := f.write
	return field{columns: columns, joins: joins, write: func(x *run, out []byte, v []value) []byte {
		if hide(v[n]) {
			return append(out, instead...)
		}
		return write(x, out, v[:n])
	}}
}

// within is the object on the same row, where any of the columns says something.
func within(of *object, columns ...string) field {
	return field{embed: of, columns: columns, present: anyKnown}
}

func (f field) joined(joins ...string) field {
	f.joins = append(joins[:len(joins):len(joins)], f.joins...)
	return f
}

func anyKnown(v []value) bool {
	for _, one := range v {
		if len(one) > 0 {
			return true
		}
	}
	return false
}
