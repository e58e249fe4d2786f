package hub

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/store"
)

// UpsertOffice changes an office of a customer, or adds one when officeID is empty; fields are named as in an office, such
// as address.city. Absent keeps, empty clears. A new office is active and needs a name. Needs customers:write. It gives the
// customer and the office.
func (h *Hub) UpsertOffice(ctx context.Context, v auth.Viewer, id customer.ID, officeID customer.OfficeID, expectedVersion *int, patch customer.Fields, key string) (CustomerView, customer.OfficeID, error) {
	adding := officeID == ""
	body := map[string]any{"id": id, "office": officeID, "expectedVersion": expectedVersion, "patch": patch}
	touched := partFields(customer.PartOffice, string(officeID), patch)
	given := make(customer.Fields, len(patch)+1)
	if adding {
		// With a key, a repetition has to name the same office.
		officeID = customer.OfficeID(store.IDFor(string(id)+"/"+actorKey(v.Actor), key))
		given["name"] = "" // demanded of a new office, whether it was given or not
	}
	maps.Copy(given, patch)
	view, err := h.changeCustomer(ctx, v, "upsertOffice", id, expectedVersion, touched, key, body,
		func(_ context.Context, _ pgx.Tx, c *customer.Customer) error {
			if adding {
				c.Offices = append(c.Offices, customer.Office{ID: officeID, CustomerID: c.ID, Active: true})
			}
			office, err := officeOf(c, officeID)
			if err != nil {
				return err
			}
			return alterOffice(c, office, given)
		})
	return view, officeID, err
}

func alterOffice(c *customer.Customer, office *customer.Office, patch customer.Fields) error {
	values, faults := customer.NormaliseOffice(patch, office)
	for _, f := range values.Sorted() {
		if err := office.Apply(string(f), values[f]); err != nil {
			return fault.Wrap(fault.Internal, err, "")
		}
	}
	c.Derive()
	if f := office.CheckWhole(values, c.BusinessID); f != nil {
		faults = append(faults, notYetSaid(fault.Errors{f}, faults)...)
	}
	return faults.OrNil()
}

// DeactivateOffice makes an office inactive; it stays readable, and contacts stay linked to it. Needs customers:write.
func (h *Hub) DeactivateOffice(ctx context.Context, v auth.Viewer, id customer.ID, officeID customer.OfficeID, expectedVersion *int, key string) (CustomerView, error) {
	return h.setOfficeActive(ctx, v, "deactivateOffice", id, officeID, false, expectedVersion, key)
}

// ReactivateOffice takes an office into use again; one that is in use stays as it is. Needs customers:write.
func (h *Hub) ReactivateOffice(ctx context.Context, v auth.Viewer, id customer.ID, officeID customer.OfficeID, expectedVersion *int, key string) (CustomerView, error) {
	return h.setOfficeActive(ctx, v, "reactivateOffice", id, officeID, true, expectedVersion, key)
}

func (h *Hub) setOfficeActive(ctx context.Context, v auth.Viewer, operation string, id customer.ID, officeID customer.OfficeID, active bool, expectedVersion *int, key string) (CustomerView, error) {
	touched := partFields(customer.PartOffice, string(officeID), customer.Fields{"active": ""})
	body := map[string]any{"id": id, "office": officeID, "expectedVersion": expectedVersion}
	return h.changeCustomer(ctx, v, operation, id, expectedVersion, touched, key, body,
		func(_ context.Context, _ pgx.Tx, c *customer.Customer) error {
			office, err := officeOf(c, officeID)
			if err == nil {
				office.Active = active
			}
			return err
		})
}

func officeOf(c *customer.Customer, id customer.OfficeID) (*customer.Office, error) {
	at := slices.IndexFunc(c.Offices, func(o customer.Office) bool { return o.ID == id })
	if at < 0 {
		return nil, fault.New(fault.NotFound, "The customer has no office with this id.").At("officeId")
	}
	return &c.Offices[at], nil
}

// partFields names the fields of a patch as the customer's own, for versions.
func partFields(part customer.Part, key string, patch customer.Fields) customer.Fields {
	out := make(customer.Fields, len(patch))
	for f, value := range patch {
		out[customer.PartField(part, key, string(f))] = value
	}
	return out
}
