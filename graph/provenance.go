package graph

import (
	"context"
	"maps"
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
)

// provenanceNeeds are the relations whose values have a provenance, and the links, which say how new the values are.
const provenanceNeeds = model.Addresses | model.Offices | model.Contacts | model.Links

// Provenance resolves Customer.provenance.
func (r customers) Provenance(ctx context.Context, c *model.Customer) ([]*model.FieldProvenance, error) {
	c, err := withRelations(ctx, c, provenanceNeeds)
	if err != nil {
		return nil, err
	}
	known, ok, err := found(load(ctx).provenance.Load(ctx, c.Noun.ID))
	if err != nil || !ok {
		return []*model.FieldProvenance{}, err
	}
	return toProvenance(auth.ViewerFrom(ctx), c, known), nil
}

// toProvenance lists the values that the customer has, and those of its own that were cleared, by name. Of an office or a
// contact that is gone nothing is told.
func toProvenance(v auth.Viewer, c *model.Customer, known customer.Provenances) []*model.FieldProvenance {
	values := c.Noun.Flatten(customer.HubKeys)
	fields := maps.Clone(values)
	for f := range known {
		if part, key, _, ofPart := f.PartKey(); f != "" && (!ofPart || part == customer.PartCustom || values[customer.PartField(part, key, customer.Present)] != "") {
			fields[f] = ""
		}
	}
	fresh := make(map[string]*time.Time, len(c.Linked))
	for _, l := range c.Linked {
		if _, known := fresh[l.System.ID]; !known { // the primary one is first
			fresh[l.System.ID] = l.FreshAsOf
		}
	}
	out := []*model.FieldProvenance{}
	for _, f := range fields.Sorted() {
		p := known.Of(f)
		if p.ObservedAt.IsZero() || isPresence(f) {
			continue
		}
		is, ofPerson := personal(string(f))
		shown := func(value string, hidden bool) *string {
			if is && (ofPerson && masksPeople(v) || hidden) {
				return nil
			}
			return fieldValue(f, value)
		}
		out = append(out, &model.FieldProvenance{
			Field: fieldName(f), Value: shown(values[f], c.Masked), Source: toSource(p.System), ObservedAt: p.ObservedAt, DecidedBy: string(p.DecidedBy),
			FreshAsOf: fresh[globalID(nounSystem, p.System)],
			Alternatives: each(p.Alternatives, func(a customer.Alternative) *model.FieldAlternative {
				return &model.FieldAlternative{Value: shown(a.Value, c.Masked || masksPeople(v) && oncePrivate(c)), Source: toSource(a.System), ObservedAt: a.ObservedAt}
			}),
		})
	}
	return out
}

// isPresence says whether a field only says that a part exists, which its other fields show.
func isPresence(f customer.Field) bool {
	_, _, name, ofPart := f.PartKey()
	return ofPart && name == customer.Present
}
