package rows

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// Computed gives what is made of more than a row, for many at a time, as the resolvers make it. Each is asked once for all that
// an answer needs, when the rows have been read.
type Computed interface {
	Provenance(ctx context.Context, v auth.Viewer, ids []customer.ID) (map[customer.ID][]*model.FieldProvenance, error)
	Changes(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]*model.ChangePage, error)
	KYCHistory(ctx context.Context, v auth.Viewer, ids []customer.ID, after string, first int) (map[customer.ID]*model.KycHistoryPage, error)
	PendingWrites(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]*model.PendingWrite, error)
	Deletions(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]*model.RecordDeletion, error)
	QueuePositions(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]int, error)
	Systems(ctx context.Context, v auth.Viewer) (map[system.ID]*model.System, error)
}

// computed is a field that is fetched for many rows at a time.
type computed struct {
	// column is the id of the row that the field is about.
	column string
	fetch  func(ctx context.Context, x *run, ids []string, arguments map[string]any) (func(id string) any, error)
	// unknown says that there is something of rows too that do not exist, whose id is empty.
	unknown bool
	// of is the type of the thing, or of the things where it is a list. A nil one is written by write.
	of    *shape
	list  bool
	write func(out []byte, of any) []byte
}

// computedMember is a computed field as it was selected.
type computedMember struct {
	*computed
	node *node
	at   int // the column of the id
	of   *shapeSelection
	ast  *ast.Field
}

// compute fetches all computed fields of the plan.
func (x *run) compute(ctx context.Context) error {
	if len(x.plan.computed) == 0 {
		return nil
	}
	x.computed = make(map[*computedMember]func(string) any, len(x.plan.computed))
	for _, c := range x.plan.computed {
		s := &x.sets[c.node.at]
		ids := make([]string, 0, s.len())
		for _, id := range s.keys(c.at) {
			ids = append(ids, string(appendUUID(nil, id.Bytes[:])))
		}
		if s.len() == 0 && (!c.unknown || x.sets[0].len() == 0) {
			continue
		}
		of, err := c.fetch(ctx, x, ids, c.ast.ArgumentMap(x.variables))
		if err != nil {
			return ErrPlain // which says what is wrong, and where
		}
		x.computed[c] = of
	}
	return nil
}

func (x *run) computedValue(out []byte, c *computedMember, s *fetched, row int) []byte {
	var of any
	if get := x.computed[c]; get != nil {
		id := ""
		if row != unknown {
			id = string(appendUUID(nil, s.at(row, c.at)))
		}
		of = get(id)
	}
	switch {
	case c.list:
		list, _ := of.([]any)
		return x.things(out, c.of, list)
	case of == nil:
		return appendNull(out)
	case c.write != nil:
		return c.write(out, of)
	}
	return x.thing(out, c.of, of)
}

// found looks things up that are kept by id; what is missing is nil.
func found[ID ~string, V any](in map[ID]V, as func(V) any) func(string) any {
	return func(id string) any {
		if v, ok := in[ID(id)]; ok {
			return as(v)
		}
		return nil
	}
}

func as[ID ~string](ids []string) []ID {
	out := make([]ID, len(ids))
	for i, id := range ids {
		out[i] = ID(id)
	}
	return out
}

// refused is a size of a page that is, for arguments that are not what they should be: plain execution then says what they are.
const refused = -1

// page reads the arguments of a page of what happened; the defaults are the schema's.
func page(arguments map[string]any) (after string, first int) {
	after, ok := arguments["after"].(string)
	if !ok && arguments["after"] != nil {
		return "", refused
	}
	switch n := arguments["first"].(type) {
	case int64:
		first = int(n)
	case int:
		first = n
	case nil:
		first = 20
	default:
		first = refused
	}
	return after, first
}

func (t *tables) provenance() field {
	return field{computed: &computed{column: "c.id", list: true, of: t.fieldProvenance(), fetch: func(ctx context.Context, x *run, ids []string, _ map[string]any) (func(string) any, error) {
		all, err := x.source.Provenance(ctx, x.viewer, as[customer.ID](ids))
		return found(all, func(p []*model.FieldProvenance) any { return anys(p) }), err
	}}}
}

func (t *tables) fieldProvenance() *shape {
	source := t.source(func(of any) *model.Source { return of.(*model.FieldAlternative).Source })
	alternative := modelShape[model.FieldAlternative]("FieldAlternative", map[string]shapeField{"source": source})
	return modelShape[model.FieldProvenance]("FieldProvenance", map[string]shapeField{
		"source":       t.source(func(of any) *model.Source { return of.(*model.FieldProvenance).Source }),
		"alternatives": {many: func(of any) []any { return anys(of.(*model.FieldProvenance).Alternatives) }, shape: alternative},
	})
}

// source says where a value came from.
func (t *tables) source(in func(of any) *model.Source) shapeField {
	system := shapeField{write: func(out []byte, _ any) []byte { return appendNull(out) }}
	if t.systems {
		system = shapeField{shape: t.systemModel(), lookUp: func(x *run, of any) any {
			return orNil(x.systems[of.(*model.Source).SystemID])
		}}
	}
	return shapeField{
		one:   func(of any) any { return orNil(in(of)) },
		shape: modelShape[model.Source]("Source", map[string]shapeField{"system": system}),
	}
}

// systemModel is a system that is met as a thing and not in a row.
func (t *tables) systemModel() *shape {
	fault := shapeField{one: func(of any) any { return orNil(of.(*model.System).Fault) }, shape: modelShape[model.Fault]("Fault", nil)}
	return modelShape[model.System]("System", map[string]shapeField{"fault": fault}, "settings", "checks", "policy", "lane", "errorReport", "activation", "inbound", "lastRun")
}

func (t *tables) changes() field {
	return field{computed: &computed{column: "c.id", of: t.changePage(), fetch: func(ctx context.Context, x *run, ids []string, arguments map[string]any) (func(string) any, error) {
		after, first := page(arguments)
		all, err := x.source.Changes(ctx, x.viewer, as[customer.ID](ids), after, first)
		return found(all, func(p *model.ChangePage) any { return p }), err
	}}}
}

func (t *tables) changePage() *shape {
	actor := shapeField{one: func(of any) any { return of.(*model.Change).Actor }, shape: modelShape[model.Actor]("Actor", nil)}
	change := modelShape[model.Change]("Change", map[string]shapeField{
		"actor":     actor,
		"origin":    t.source(func(of any) *model.Source { return of.(*model.Change).Origin }),
		"fields":    {many: func(of any) []any { return anys(of.(*model.Change).All) }, shape: modelShape[model.FieldChange]("FieldChange", nil)},
		"kycExpiry": {one: func(of any) any { return orNil(of.(*model.Change).Expiry) }, shape: modelShape[model.KycExpiry]("KycExpiry", nil)},
	}, "customer", "finding", "run")
	return modelShape[model.ChangePage]("ChangePage", map[string]shapeField{
		"items": {many: func(of any) []any { return anys(of.(*model.ChangePage).Items) }, shape: change},
	})
}

// history is of a customer, and the row with the newest word may be missing: then the page is that of the customer without.
func (t *tables) history() field {
	item := modelShape[model.KycHistoryItem]("KycHistoryItem", map[string]shapeField{
		"source": t.source(func(of any) *model.Source { return of.(*model.KycHistoryItem).Source }),
	})
	of := modelShape[model.KycHistoryPage]("KycHistoryPage", map[string]shapeField{
		"items": {many: func(of any) []any { return anys(of.(*model.KycHistoryPage).Items) }, shape: item},
	})
	return field{computed: &computed{column: "k.customer_id", unknown: true, of: of, fetch: func(ctx context.Context, x *run, ids []string, arguments map[string]any) (func(string) any, error) {
		after, first := page(arguments)
		all, err := x.source.KYCHistory(ctx, x.viewer, as[customer.ID](ids), after, first)
		none := &model.KycHistoryPage{Items: []*model.KycHistoryItem{}}
		if after != "" {
			none.EndCursor = &after
		}
		return func(id string) any {
			if p, ok := all[customer.ID(id)]; ok {
				return p
			}
			return none
		}, err
	}}}
}

func pendingWrite() field {
	return field{computed: &computed{column: "l.id", of: modelShape[model.PendingWrite]("PendingWrite", nil), fetch: func(ctx context.Context, x *run, ids []string, _ map[string]any) (func(string) any, error) {
		all, err := x.source.PendingWrites(ctx, x.viewer, as[link.ID](ids))
		return found(all, func(w *model.PendingWrite) any { return orNil(w) }), err
	}}}
}

func deletion() field {
	return field{computed: &computed{column: "l.id", of: modelShape[model.RecordDeletion]("RecordDeletion", nil), fetch: func(ctx context.Context, x *run, ids []string, _ map[string]any) (func(string) any, error) {
		all, err := x.source.Deletions(ctx, x.viewer, as[link.ID](ids))
		return found(all, func(d *model.RecordDeletion) any { return orNil(d) }), err
	}}}
}

func queuePosition() field {
	write := func(out []byte, of any) []byte { return appendInt(out, int64(of.(int))) }
	return field{computed: &computed{column: "l.id", write: write, fetch: func(ctx context.Context, x *run, ids []string, _ map[string]any) (func(string) any, error) {
		all, err := x.source.QueuePositions(ctx, x.viewer, as[link.ID](ids))
		return found(all, func(n int) any { return n }), err
	}}}
}

// lookUpSystems reads the systems of the organisation, of which there are few, where things name some.
func (x *run) lookUpSystems(ctx context.Context) (err error) {
	if x.plan.systems {
		x.systems, err = x.source.Systems(ctx, x.viewer)
	}
	return err
}
