package rows

import (
	"errors"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// ErrPlain says that something is not for this package: plain execution answers it, and says what is wrong with it.
var ErrPlain = errors.New("the selection needs plain execution")

// plan is how one root field is answered. It is shared by requests and holds nothing of one.
type plan struct {
	nodes []*node // the root first, each after the one that leads to it
	// connection is for a list with pages; selection for anything else.
	connection *connection
	selection  *selection
	// definitions says that the definitions of custom fields are needed.
	definitions bool
	// computed are all computed fields; systems says that some of what they give names systems.
	computed []*computedMember
	systems  bool
}

// node is one statement, and the rows it gives.
type node struct {
	at       int // in plan.nodes
	table    string
	key      string
	order    string
	newest   bool
	columns  []string
	joins    []string
	children []*child
	sql      string
}

// child is a node whose rows hang on the rows of another by the value of a column there.
type child struct {
	*node
	name   string
	parent int // the column of the parent
}

// selection is an object as it was selected.
type selection struct {
	members []member
}

// member is one field of a selection.
type member struct {
	name     []byte // the response name as JSON, with its colon
	field    *field
	at       []int      // where the field's columns are in its row
	of       *selection // of an embedded object, or of the rows of a relation
	shape    *shapeSelection
	rows     *rowsMember
	computed *computedMember
	// typename is the answer to __typename, as JSON.
	typename []byte
}

// rowsMember is a relation as it was selected.
type rowsMember struct {
	*relation
	child         *child
	at            []int // where the relation's columns are in its rows
	lead, element *member
	ast           *ast.Field // for its arguments
}

type shapeSelection struct {
	members []shapeMember
}

type shapeMember struct {
	name     []byte
	field    *shapeField
	of       *shapeSelection
	typename []byte
}

// compiler makes the plan of one selection.
type compiler struct {
	op   *graphql.OperationContext
	plan *plan
}

func (c *compiler) node(table, key string) *node {
	n := &node{at: len(c.plan.nodes), table: table, key: key, columns: []string{key}}
	c.plan.nodes = append(c.plan.nodes, n)
	return n
}

// column gives the place of an expression among the columns of the node.
func (n *node) column(expression string) int {
	at := slices.Index(n.columns, expression)
	if at < 0 {
		at = len(n.columns)
		n.columns = append(n.columns, expression)
	}
	return at
}

func (n *node) places(expressions []string) []int {
	out := make([]int, len(expressions))
	for i, e := range expressions {
		out[i] = n.column(e)
	}
	return out
}

func (n *node) join(joins []string) {
	for _, j := range joins {
		if !slices.Contains(n.joins, j) {
			n.joins = append(n.joins, j)
		}
	}
}

// finish writes the statement that reads the rows by the values of their key.
func (n *node) finish() {
	distinct := ""
	if n.newest {
		distinct = "DISTINCT ON (" + n.key + ") "
	}
	order := n.key
	if n.order != "" {
		order += ", " + n.order
	}
	n.sql = "SELECT " + distinct + strings.Join(n.columns, ", ") + "\nFROM " + strings.Join(append([]string{n.table}, n.joins...), "\n") + "\nWHERE " + n.key + " = ANY ($1)\nORDER BY " + order
}

// fields are what is selected of a type. A directive that is not known here may mean anything.
func (c *compiler) fields(set ast.SelectionSet, of string) ([]graphql.CollectedField, error) {
	all := graphql.CollectFields(c.op, set, []string{of, "Node"})
	for _, f := range all {
		for _, d := range f.Directives {
			if d.Name != "skip" && d.Name != "include" {
				return nil, ErrPlain
			}
		}
	}
	return all, nil
}

const typename = "__typename"

// object compiles what is selected of an object on the rows of n.
func (c *compiler) object(n *node, o *object, set ast.SelectionSet) (*selection, error) {
	fields, err := c.fields(set, o.name)
	if err != nil {
		return nil, err
	}
	out := &selection{members: make([]member, 0, len(fields))}
	for _, f := range fields {
		m := member{name: appendName(f.Alias)}
		if f.Name == typename {
			m.typename = appendText(nil, o.name)
			out.members = append(out.members, m)
			continue
		}
		how, ok := o.fields[f.Name]
		if !ok {
			return nil, ErrPlain
		}
		if err := c.member(n, &m, &how, f); err != nil {
			return nil, err
		}
		out.members = append(out.members, m)
	}
	return out, nil
}

func (c *compiler) member(n *node, m *member, how *field, f graphql.CollectedField) (err error) {
	m.field = how
	n.join(how.joins)
	m.at = n.places(how.columns)
	switch {
	case how.embed != nil:
		m.of, err = c.object(n, how.embed, f.Selections)
	case how.shape != nil:
		c.plan.definitions = c.plan.definitions || how.shape.name == "CustomFieldValue"
		m.shape, err = c.shape(how.shape, f.Selections)
	case how.rows != nil:
		err = c.relation(n, m, how.rows, f)
	case how.computed != nil:
		m.computed = &computedMember{computed: how.computed, node: n, at: n.column(how.computed.column), ast: f.Field}
		c.plan.computed = append(c.plan.computed, m.computed)
		if how.computed.of != nil {
			m.computed.of, err = c.shape(how.computed.of, f.Selections)
		}
	}
	return err
}

func (c *compiler) relation(n *node, m *member, r *relation, f graphql.CollectedField) (err error) {
	to := c.child(n, r)
	m.rows = &rowsMember{relation: r, child: to, ast: f.Field, at: to.places(r.columns)}
	if r.lead != nil {
		m.rows.lead = &member{}
		if err := c.member(n, m.rows.lead, r.lead, f); err != nil {
			return err
		}
	}
	if r.element != nil {
		m.rows.element = &member{}
		return c.member(to.node, m.rows.element, r.element, f)
	}
	m.of, err = c.object(to.node, r.of, f.Selections)
	return err
}

// child is the node for the rows that a relation leads to; relations of one name share it.
func (c *compiler) child(n *node, r *relation) *child {
	parent := n.column(r.parent)
	for _, known := range n.children {
		if known.name == r.name && known.parent == parent {
			return known
		}
	}
	to := c.node(r.table, r.key)
	to.order, to.newest = r.order, r.newest
	out := &child{node: to, name: r.name, parent: parent}
	n.children = append(n.children, out)
	return out
}

func (c *compiler) shape(s *shape, set ast.SelectionSet) (*shapeSelection, error) {
	fields, err := c.fields(set, s.name)
	if err != nil {
		return nil, err
	}
	out := &shapeSelection{members: make([]shapeMember, 0, len(fields))}
	for _, f := range fields {
		m := shapeMember{name: appendName(f.Alias)}
		if f.Name == typename {
			m.typename = appendText(nil, s.name)
			out.members = append(out.members, m)
			continue
		}
		how, ok := s.fields[f.Name]
		if !ok {
			return nil, ErrPlain
		}
		m.field = &how
		c.plan.systems = c.plan.systems || how.lookUp != nil
		if how.shape != nil {
			if m.of, err = c.shape(how.shape, f.Selections); err != nil {
				return nil, err
			}
		}
		out.members = append(out.members, m)
	}
	return out, nil
}
