package hub

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/store"
)

// CustomerAsOf gives a customer as it was at a moment: as it is now, with every change since taken back. It is nil when there
// is no such customer, or was none then. now is the customer's present kind, by which a viewer may be shown less. Needs
// customers:read; of the due diligence, what KYCByCustomer says. Reasons: MOMENT_NOT_KEPT, where changes since are not kept any more;
// MOMENT_TO_COME.
func (h *Hub) CustomerAsOf(ctx context.Context, v auth.Viewer, id customer.ID, at time.Time) (then *customer.Customer, now customer.Kind, err error) {
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListCustomersByID(ctx, tx, validIDs([]customer.ID{id}), store.AllRelations)
		if err != nil || len(found) == 0 {
			return err
		}
		present, err := store.Now(ctx, tx)
		if err != nil {
			return err
		}
		if at.After(present) {
			return fault.Because(fault.Invalid, "MOMENT_TO_COME", "This moment is still to come: the hub's clock says %s. Read `customer` for how it is now.",
				present.Format(time.RFC3339Nano)).At("at")
		}
		log, err := store.ListChangesSince(ctx, tx, id, at)
		if err != nil {
			return err
		}
		now = found[0].Kind
		if !log.Complete {
			return fault.Because(fault.Invalid, "MOMENT_NOT_KEPT", "Changes since that moment are not kept any more, so it cannot be told how the customer was.").At("at")
		}
		if then, err = takenBack(&found[0], log.Changes); err != nil || then == nil {
			return err
		}
		said, err := store.GetKYCAt(ctx, tx, id, at)
		said = shownKYC(v, said)
		then.KYC = &said
		return err
	})
	return then, now, err
}

// takenBack is a customer without changes, the newest of which comes first; nil when one of them made it.
func takenBack(c *customer.Customer, changes []change.Change) (*customer.Customer, error) {
	fields := c.Flatten(customer.HubKeys)
	for _, one := range changes {
		if one.Kind == change.CustomerCreated {
			return nil, nil
		}
		if one.Kind == change.KYCStatusChanged || one.Kind == change.KYCExpiryNear {
			continue // it is about the due diligence, which is none of the customer's own fields
		}
		for _, f := range one.Fields {
			fields.Set(f.Field, f.Before)
		}
	}
	then, err := customer.Unflatten(c.ID, fields)
	return &then, err
}
