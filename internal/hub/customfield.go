package hub

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
	"customerhub/internal/pg"
	"customerhub/internal/store"
)

// orphansStay is how long a person without customers is kept.
const orphansStay = 30 * 24 * time.Hour

// CustomFields lists the definitions of the organisation's custom fields, by key. Needs customers:read.
func (h *Hub) CustomFields(ctx context.Context, v auth.Viewer) ([]customer.CustomField, error) {
	var out []customer.CustomField
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		out, err = store.ListCustomFields(ctx, tx)
		return err
	})
	return out, err
}

// DefineCustomField adds a definition, or replaces the one with the key: its labels, options and state always, its type only
// while no customer has a value or the field is still UNMAPPED text. Options that customers may have are made inactive, not
// left out. Needs admin. Reasons: CUSTOM_FIELD_*.
func (h *Hub) DefineCustomField(ctx context.Context, v auth.Viewer, d customer.CustomField, key string) (customer.CustomField, error) {
	if err := v.Require(auth.Admin); err != nil {
		return customer.CustomField{}, err
	}
	if d.State == "" {
		d.State = customer.CustomFieldActive
	}
	faults := append(d.Check(), checkTexts(d)...)
	if d.State == customer.CustomFieldUnmapped {
		faults = append(faults, fault.Because(fault.Invalid, customer.ReasonCustomFieldState, "A definition is ACTIVE or INACTIVE.").At("state"))
	}
	if len(faults) > 0 {
		return customer.CustomField{}, faults
	}
	_, err := h.do(ctx, v, command{auth.Admin, "defineCustomField", key, d, []Topic{TopicChanges}},
		func(ctx context.Context, tx pgx.Tx) (answer, error) {
			if err := store.LockCustomFields(ctx, tx); err != nil {
				return nil, err
			}
			d.ID = customer.CustomFieldID(store.NewID())
			if err := keepDefinition(ctx, tx, &d); err != nil {
				return nil, err
			}
			noted, err := store.ResolveByField(ctx, tx, finding.CustomFieldUnmapped, customer.CustomValueField(d.Key))
			if err := logFindings(ctx, tx, noted, v.Actor, err); err != nil {
				return nil, err
			}
			return answer{"key": d.Key}, store.SaveCustomField(ctx, tx, d)
		})
	if err != nil {
		return customer.CustomField{}, err
	}
	var all []customer.CustomField
	err = pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) error {
		all, err = store.ListCustomFields(ctx, tx)
		return err
	})
	at := slices.IndexFunc(all, func(o customer.CustomField) bool { return o.Key == d.Key })
	if err != nil || at < 0 {
		return customer.CustomField{}, err
	}
	return all[at], nil
}

// checkTexts refuses labels that cannot be stored, in any language.
func checkTexts(d customer.CustomField) fault.Errors {
	var faults fault.Errors
	check := func(label map[string]string, path ...string) {
		for _, lang := range slices.Sorted(maps.Keys(label)) {
			if f := customer.CheckText(lang); f != nil {
				faults = append(faults, f.At(path...)) // the language itself cannot be shown
			} else if f := customer.CheckText(label[lang]); f != nil {
				faults = append(faults, f.At(append(slices.Clone(path), lang)...))
			}
		}
	}
	check(d.Label, "label")
	for i, o := range d.Options {
		check(o.Label, "options", strconv.Itoa(i), "label")
	}
	return faults
}

// keepDefinition checks a definition against the one that stands, and takes over its identity.
func keepDefinition(ctx context.Context, tx pgx.Tx, d *customer.CustomField) error {
	standing, err := store.ListCustomFields(ctx, tx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(standing, func(o customer.CustomField) bool { return o.Key == d.Key })
	if at < 0 {
		return nil
	}
	old := standing[at]
	d.ID, d.SourceSystem, d.SourceID = old.ID, old.SourceSystem, old.SourceID
	if d.Type != old.Type && old.State != customer.CustomFieldUnmapped {
		used, err := store.CustomFieldInUse(ctx, tx, d.Key)
		if err != nil {
			return err
		}
		if used {
			return fault.Because(fault.Invalid, customer.ReasonCustomFieldType,
				"Customers have values of this field as %s; its type cannot change any more.", old.Type).At("type")
		}
	}
	if d.Type == customer.EnumField && old.Type == customer.EnumField {
		for _, o := range old.Options {
			if !slices.ContainsFunc(d.Options, func(n customer.CustomFieldOption) bool { return n.Code == o.Code }) {
				return fault.Because(fault.Invalid, customer.ReasonCustomFieldOption,
					"The option %s may be in use; make it inactive instead of leaving it out.", o.Code).At("options")
			}
		}
	}
	return nil
}

// SetCustomFields sets values of custom fields of a customer by key: absent keeps, empty clears. Needs customers:write.
// Reasons: CUSTOM_FIELD_*, with the key as path.
func (h *Hub) SetCustomFields(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, values map[string]string, key string) (CustomerView, error) {
	touched := make(customer.Fields, len(values))
	for k, value := range values {
		if !customer.ValidCustomFieldKey(k) { // it could be taken for another field's name
			return CustomerView{}, fault.Because(fault.Invalid, customer.ReasonCustomFieldUnknown, "There is no custom field with this key.").At(k)
		}
		touched[customer.CustomValueField(k)] = value
	}
	body := map[string]any{"id": id, "expectedVersion": expectedVersion, "values": values}
	return h.changeCustomer(ctx, v, "setCustomFields", id, expectedVersion, touched, key, body,
		func(ctx context.Context, tx pgx.Tx, c *customer.Customer) error {
			if err := store.ShareCustomFields(ctx, tx); err != nil {
				return err
			}
			definitions, err := store.ListCustomFields(ctx, tx)
			if err != nil {
				return err
			}
			byKey := byID(definitions, func(d customer.CustomField) string { return d.Key })
			var faults fault.Errors
			for _, f := range touched.Sorted() {
				_, k, _, _ := f.PartKey()
				d, ok := byKey[k]
				if !ok {
					faults = append(faults, fault.Because(fault.Invalid, customer.ReasonCustomFieldUnknown, "There is no custom field with this key.").At(k))
					continue
				}
				if finnish.ContainsIdentityCode(values[k]) {
					faults = append(faults, fault.Because(fault.Invalid, string(finnish.PersonalIdentityCode), "A personal identity code must not be stored here.").At(k))
					continue
				}
				if f := customer.CheckText(values[k]); f != nil {
					faults = append(faults, f.At(k))
					continue
				}
				value, wrong := d.Value(values[k])
				if wrong != nil {
					faults = append(faults, wrong.At(k))
					continue
				}
				if err := c.Apply(f, value); err != nil {
					return fault.Wrap(fault.Internal, err, "")
				}
			}
			return faults.OrNil()
		})
}

// SetResponsible says who looks after a customer; a zero one says that nobody does. Needs customers:write.
func (h *Hub) SetResponsible(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, r customer.Responsible, key string) (CustomerView, error) {
	touched := customer.Fields{customer.FieldResponsibleKind: ""}
	body := map[string]any{"id": id, "expectedVersion": expectedVersion, "responsible": r}
	return h.changeCustomer(ctx, v, "setResponsible", id, expectedVersion, touched, key, body,
		func(ctx context.Context, tx pgx.Tx, c *customer.Customer) error {
			r.Name, r.ExternalID = strings.TrimSpace(r.Name), strings.TrimSpace(r.ExternalID)
			if err := checkResponsible(ctx, tx, r); err != nil {
				return err
			}
			c.Responsible = r
			return nil
		})
}

func checkResponsible(ctx context.Context, tx pgx.Tx, r customer.Responsible) error {
	if r == (customer.Responsible{}) {
		return nil
	}
	var faults fault.Errors
	if r.Kind != customer.ResponsibleUser && r.Kind != customer.ResponsibleTeam {
		faults = append(faults, fault.New(fault.Invalid, "A user or a team is responsible.").At("kind"))
	}
	if f := customer.CheckText(r.Name); f != nil {
		faults = append(faults, f.At("name"))
	} else if r.Name == "" || utf8.RuneCountInString(r.Name) > 200 || finnish.ContainsIdentityCode(r.Name) {
		faults = append(faults, fault.New(fault.Invalid, "Who is responsible has a name of 1 to 200 characters.").At("name"))
	}
	if f := customer.CheckText(r.ExternalID); f != nil {
		faults = append(faults, f.At("externalId"))
	} else if utf8.RuneCountInString(r.ExternalID) > 100 || finnish.ContainsIdentityCode(r.ExternalID) {
		faults = append(faults, fault.New(fault.Invalid, "The id in the other system has at most 100 characters.").At("externalId"))
	}
	if (r.SystemID == "") != (r.ExternalID == "") {
		faults = append(faults, fault.New(fault.Invalid, "The id in another system comes with the system.").At("externalId"))
	}
	if len(faults) > 0 {
		return faults
	}
	if r.SystemID == "" {
		return nil
	}
	return systemExists(ctx, tx, r.SystemID)
}
