package hub

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// mapCustomFields says what the custom fields of records are in the hub. A field that nobody has defined is defined as
// UNMAPPED text, with a finding, so that its values are kept; a value that is not of its field's type is left out with a
// finding on the record, and what was there before stands. The records given are not changed.
func mapCustomFields(ctx context.Context, tx pgx.Tx, id system.ID, observed []merge.Observation, known map[string]merge.Known) (
	out []merge.Observation, unmapped []finding.Finding, err error,
) {
	sent := func(o merge.Observation) bool { return len(o.Custom) > 0 }
	if !slices.ContainsFunc(observed, sent) {
		return observed, nil, nil
	}
	defined, err := store.ListCustomFields(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	out = slices.Clone(observed)
	for i, o := range out {
		if !sent(o) {
			continue
		}
		o.Fields, o.Findings = maps.Clone(o.Fields), slices.Clip(o.Findings)
		for _, c := range o.Custom {
			at := sourceField(defined, id, c)
			if at < 0 {
				if defined, at, err = defineUnmapped(ctx, tx, id, c); err != nil {
					return nil, nil, err
				}
				unmapped = append(unmapped, finding.Finding{
					Code: finding.CustomFieldUnmapped, ExternalID: "custom field " + c.SourceID,
					Field: customer.CustomValueField(defined[at].Key),
					Message: fmt.Sprintf("The system has a field %q that nobody has defined in the hub. Its values are kept as text; "+
						"define the custom field %s to say what it is.", c.SourceID, defined[at].Key),
				})
			}
			take(&o, c, defined[at], known[o.ExternalID].Base.Theirs)
		}
		o.Custom = nil
		out[i] = o
	}
	return out, unmapped, nil
}

// sourceField finds the definition of a system's field: the one that names it as its source, else one of the same key that
// has no source.
func sourceField(defined []customer.CustomField, id system.ID, c customer.CustomField) int {
	at := slices.IndexFunc(defined, func(d customer.CustomField) bool { return d.SourceSystem == string(id) && d.SourceID == c.SourceID })
	if at >= 0 {
		return at
	}
	return slices.IndexFunc(defined, func(d customer.CustomField) bool { return d.Key == c.Key && d.SourceSystem == "" })
}

// defineUnmapped adds the definition of a field that nobody has defined, unless somebody just did.
func defineUnmapped(ctx context.Context, tx pgx.Tx, id system.ID, c customer.CustomField) (defined []customer.CustomField, at int, err error) {
	if err := store.LockCustomFields(ctx, tx); err != nil {
		return nil, 0, err
	}
	if defined, err = store.ListCustomFields(ctx, tx); err != nil {
		return nil, 0, err
	}
	if at = sourceField(defined, id, c); at >= 0 {
		return defined, at, nil
	}
	d := customer.CustomField{
		ID: customer.CustomFieldID(store.NewID()), Key: freeKey(defined, c.Key), Type: customer.TextField,
		State: customer.CustomFieldUnmapped, Label: map[string]string{"fi": c.SourceID}, SourceSystem: string(id), SourceID: c.SourceID,
	}
	return append(defined, d), len(defined), store.SaveCustomField(ctx, tx, d)
}

// freeKey is the key, with a number behind it when another system's field has it.
func freeKey(defined []customer.CustomField, key string) string {
	free := key
	for n := 2; slices.ContainsFunc(defined, func(d customer.CustomField) bool { return d.Key == free }); n++ {
		free = fmt.Sprintf("%.45s_%d", key, n)
	}
	return free
}

// take puts a value under its definition's key in its canonical form.
func take(o *merge.Observation, c, d customer.CustomField, before customer.Fields) {
	from, to := customer.CustomValueField(c.Key), customer.CustomValueField(d.Key)
	value := o.Fields[from]
	delete(o.Fields, from)
	if value == "" {
		return
	}
	got, ok := d.FromSystem(value)
	if !ok {
		o.Findings = append(o.Findings, finding.Finding{
			Code: finding.CustomFieldInvalid, Field: to,
			Message: fmt.Sprintf("The system's value of %s is not of the type %s and was left out.", d.Key, d.Type),
		})
		got = before[to]
	}
	o.Fields.Set(to, got)
}
