package rows

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// connection is a page of a list as it was selected.
type connection struct {
	members []pageMember
	total   bool
}

// pageMember is one field of a connection, of an edge or of what lies around the page.
type pageMember struct {
	name []byte
	kind pageKind
	// of is what is selected of each item, and members of an edge or the page info.
	of       *selection
	members  []pageMember
	typename []byte
}

type pageKind uint8

const (
	pageTypename pageKind = iota
	pageNodes
	pageEdges
	pageNode
	pageCursor
	pageInfo
	pageTotal
	pageHasNext
	pageHasPrevious
	pageStart
	pageEnd
)

// compileConnection compiles what is selected of a connection whose items are o on the rows of n.
func (c *compiler) compileConnection(n *node, o *object, set ast.SelectionSet) (*connection, error) {
	out := &connection{}
	kinds := map[string]pageKind{"nodes": pageNodes, "edges": pageEdges, "pageInfo": pageInfo, "totalCount": pageTotal}
	err := c.page(&out.members, o.name+"Connection", set, kinds, func(m *pageMember, f graphql.CollectedField) (err error) {
		switch m.kind {
		case pageNodes:
			m.of, err = c.object(n, o, f.Selections)
		case pageEdges:
			edge := map[string]pageKind{"node": pageNode, "cursor": pageCursor}
			err = c.page(&m.members, o.name+"Edge", f.Selections, edge, func(m *pageMember, f graphql.CollectedField) (err error) {
				if m.kind == pageNode {
					m.of, err = c.object(n, o, f.Selections)
				}
				return err
			})
		case pageInfo:
			around := map[string]pageKind{"hasNextPage": pageHasNext, "hasPreviousPage": pageHasPrevious, "startCursor": pageStart, "endCursor": pageEnd}
			err = c.page(&m.members, "PageInfo", f.Selections, around, nil)
		case pageTotal:
			out.total = true
		}
		return err
	})
	return out, err
}

// page compiles the fields of a type that belongs to every list.
func (c *compiler) page(into *[]pageMember, of string, set ast.SelectionSet, kinds map[string]pageKind, more func(*pageMember, graphql.CollectedField) error) error {
	fields, err := c.fields(set, of)
	if err != nil {
		return err
	}
	for _, f := range fields {
		m := pageMember{name: appendName(f.Alias)}
		if f.Name == typename {
			m.typename = appendText(nil, of)
		} else if m.kind = kinds[f.Name]; m.kind == pageTypename {
			return ErrPlain
		}
		if more != nil {
			if err := more(&m, f); err != nil {
				return err
			}
		}
		*into = append(*into, m)
	}
	return nil
}

// pageOf is a page as it was read: rows of the root in list order, each with its cursor.
type pageOf struct {
	rows              []int
	cursors           []string
	hasNext, hasPrior bool
	total             int64
}

func (x *run) connection(out []byte, members []pageMember, p *pageOf) []byte {
	return x.members(out, members, func(out []byte, m *pageMember) []byte {
		switch m.kind {
		case pageNodes:
			return x.list(out, p, func(out []byte, i int) []byte { return x.object(out, m.of, &x.sets[0], p.rows[i]) })
		case pageEdges:
			return x.list(out, p, func(out []byte, i int) []byte { return x.edge(out, m.members, p, i) })
		case pageInfo:
			return x.members(out, m.members, p.around)
		default:
			return appendInt(out, p.total)
		}
	})
}

func (x *run) edge(out []byte, members []pageMember, p *pageOf, i int) []byte {
	return x.members(out, members, func(out []byte, m *pageMember) []byte {
		if m.kind == pageCursor {
			return appendText(out, p.cursors[i])
		}
		return x.object(out, m.of, &x.sets[0], p.rows[i])
	})
}

func (p *pageOf) around(out []byte, m *pageMember) []byte {
	at := 0
	switch m.kind {
	case pageHasNext:
		return appendBool(out, p.hasNext)
	case pageHasPrevious:
		return appendBool(out, p.hasPrior)
	case pageEnd:
		at = len(p.cursors) - 1
	}
	if len(p.cursors) == 0 {
		return appendNull(out)
	}
	return appendText(out, p.cursors[at])
}

func (x *run) members(out []byte, members []pageMember, write func([]byte, *pageMember) []byte) []byte {
	out = append(out, '{')
	for i := range members {
		if i > 0 {
			out = append(out, ',')
		}
		m := &members[i]
		out = append(out, m.name...)
		if m.typename != nil {
			out = append(out, m.typename...)
			continue
		}
		out = write(out, m)
	}
	return append(out, '}')
}

func (x *run) list(out []byte, p *pageOf, write func(out []byte, i int) []byte) []byte {
	out = append(out, '[')
	for i := range p.rows {
		if i > 0 {
			out = append(out, ',')
		}
		out = write(out, i)
	}
	return append(out, ']')
}

// inOrder gives the rows in list order: as they were read, or the other way round.
func inOrder(n int, backwards bool) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	if backwards {
		slices.Reverse(rows)
	}
	return rows
}
