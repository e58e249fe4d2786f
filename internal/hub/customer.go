package hub

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// customerWake are the topics that a change of a customer wakes.
var customerWake = []Topic{TopicChanges}

// CreateCustomer adds a customer from the given fields; empty values are as good as absent. Needs customers:write.
//
// The customer needs a name, which a private person may be given by the first and the last name instead; its kind is COMPANY
// when none is given. All faults of the input come back together. Reasons:
// those of package customer, and NUMBER_TAKEN with the holder.
func (h *Hub) CreateCustomer(ctx context.Context, v auth.Viewer, fields customer.Fields, key string) (CustomerView, error) {
	id := customer.ID(store.NewID())
	out, err := h.do(ctx, v, command{auth.CustomersWrite, "createCustomer", key, fields, customerWake},
		func(ctx context.Context, tx pgx.Tx) (answer, error) {
			c := customer.Customer{ID: id, Version: 1, Kind: customer.Company, Status: customer.Active}
			given := customer.Fields{customer.FieldName: ""} // a name is demanded whether it was given or not
			for f, value := range fields {
				if f == customer.FieldName || strings.TrimSpace(value) != "" {
					given[f] = value
				}
			}
			if strings.TrimSpace(given[customer.FieldName]) == "" && given[customer.FieldKind] == string(customer.Private) {
				given[customer.FieldName] = customer.PersonsName(given[customer.FieldFirstName], given[customer.FieldLastName])
			}
			if err := h.alter(ctx, tx, &c, given); err != nil {
				return nil, err
			}
			return answer{"customer": string(id)}, h.saveChanged(ctx, tx, []customer.Customer{c}, []change.Change{{
				Kind: change.CustomerCreated, CustomerID: id, Actor: v.Actor,
				Fields: customer.Diff(nil, c.Flatten(customer.HubKeys)),
			}})
		})
	if err != nil {
		return CustomerView{}, err
	}
	return h.customerNow(ctx, v, customer.ID(out["customer"]))
}

// UpdateCustomer changes the given fields: absent keeps, empty clears. Needs customers:write.
//
// expectedVersion is refused as STALE_VERSION only when a field that the patch touches changed since; addresses and the
// e-invoice pair count as one field each. A patch that changes nothing writes nothing and keeps the version.
func (h *Hub) UpdateCustomer(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, patch customer.Fields, key string) (CustomerView, error) {
	body := map[string]any{"id": id, "expectedVersion": expectedVersion, "patch": patch}
	return h.changeCustomer(ctx, v, "updateCustomer", id, expectedVersion, patch, key, body,
		func(ctx context.Context, tx pgx.Tx, c *customer.Customer) error { return h.alter(ctx, tx, c, patch) })
}

// DeactivateCustomer makes the customer INACTIVE; it stays readable and linked, and nothing is deleted anywhere. A customer
// that is inactive already stays as it is. Needs customers:write.
func (h *Hub) DeactivateCustomer(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, key string) (CustomerView, error) {
	touched := customer.Fields{customer.FieldStatus: string(customer.Inactive)}
	body := map[string]any{"id": id, "expectedVersion": expectedVersion}
	return h.changeCustomer(ctx, v, "deactivateCustomer", id, expectedVersion, touched, key, body,
		func(_ context.Context, _ pgx.Tx, c *customer.Customer) error {
			c.Status = customer.Inactive
			return nil
		})
}

// ReactivateCustomer makes an INACTIVE customer active again, here and in the systems that it is linked with. One that is active
// stays as it is. Needs customers:write.
func (h *Hub) ReactivateCustomer(ctx context.Context, v auth.Viewer, id customer.ID, expectedVersion *int, key string) (CustomerView, error) {
	touched := customer.Fields{customer.FieldStatus: string(customer.Active)}
	body := map[string]any{"id": id, "expectedVersion": expectedVersion}
	return h.changeCustomer(ctx, v, "reactivateCustomer", id, expectedVersion, touched, key, body,
		func(_ context.Context, _ pgx.Tx, c *customer.Customer) error {
			c.Status = customer.Active
			return nil
		})
}

// changeCustomer locks a customer, checks that it may change, applies fn and writes what differs.
func (h *Hub) changeCustomer(ctx context.Context, v auth.Viewer, operation string, id customer.ID, expectedVersion *int,
	touched customer.Fields, key string, body any, fn func(context.Context, pgx.Tx, *customer.Customer) error,
) (CustomerView, error) {
	if err := v.Require(auth.CustomersWrite); err != nil {
		return CustomerView{}, err
	}
	if err := validID(id, "customer"); err != nil {
		return CustomerView{}, fault.Of(err).At("id")
	}
	out, err := h.do(ctx, v, command{auth.CustomersWrite, operation, key, body, customerWake},
		func(ctx context.Context, tx pgx.Tx) (answer, error) {
			c, err := lockCustomer(ctx, tx, id)
			if err != nil {
				return nil, err
			}
			if err := checkVersion(&c, expectedVersion, touched); err != nil {
				return nil, err
			}
			before := c.Flatten(customer.HubKeys)
			if err := fn(ctx, tx, &c); err != nil {
				return nil, err
			}
			done := answer{"customer": string(id)}
			fields := customer.Diff(before, c.Flatten(customer.HubKeys))
			if len(fields) == 0 {
				return done, nil
			}
			kind := merge.Alter(&c, fields)
			return done, h.saveChanged(ctx, tx, []customer.Customer{c},
				[]change.Change{{Kind: kind, CustomerID: id, Fields: fields, Actor: v.Actor}})
		})
	if err != nil {
		return CustomerView{}, err
	}
	return h.customerNow(ctx, v, customer.ID(out["customer"]))
}

// saveChanged writes customers that somebody changed in the hub, says of their links what the systems lack now, and appends
// the changes, which are one for each customer.
func (h *Hub) saveChanged(ctx context.Context, tx pgx.Tx, customers []customer.Customer, changes []change.Change) error {
	return h.saveChangedAs(ctx, tx, customers, changes, link.Interactive)
}

// saveChangedAs is saveChanged where the links that become due have a priority.
func (h *Hub) saveChangedAs(ctx context.Context, tx pgx.Tx, customers []customer.Customer, changes []change.Change, p link.Priority) error {
	number(customers, changes)
	if err := store.SaveCustomers(ctx, tx, customers); err != nil {
		return err
	}
	ids := idsOf(customers)
	if err := store.ProposePeople(ctx, tx, ids, ids); err != nil { // a new customer may have persons who are known
		return err
	}
	if err := saveEdits(ctx, tx, changes); err != nil { // settling asks who entered what
		return err
	}
	for i := range customers {
		how := settling{isNew: getsLinks(changes[i]), priority: p}
		if err := h.settleLinks(ctx, tx, &customers[i], how); err != nil {
			return err
		}
	}
	if err := store.AppendChanges(ctx, tx, changes); err != nil {
		return err
	}
	return h.noticeTurned(ctx, tx, changes)
}

// number gives each customer's changes their numbers, and the customer the last of them; it is saved with that, so that a
// change costs no second version of its row. The caller holds the customers' locks.
func number(customers []customer.Customer, changes []change.Change) {
	at := make(map[customer.ID]*customer.Customer, len(customers))
	for i := range customers {
		at[customers[i].ID] = &customers[i]
	}
	for i := range changes {
		c := at[changes[i].CustomerID]
		c.ChangeNo++
		changes[i].Number = c.ChangeNo
	}
}

// saveEdits notes of values that somebody entered in the hub where they came from.
func saveEdits(ctx context.Context, tx pgx.Tx, changes []change.Change) error {
	now, err := store.Now(ctx, tx)
	if err != nil {
		return err
	}
	of := make(map[customer.ID]customer.Provenances, len(changes))
	for _, c := range changes {
		edited := customer.Provenance{ObservedAt: now, DecidedBy: customer.DecidedEdit}
		if c.Origin.SystemID != "" {
			// Another customer's system changed a person that this customer has too.
			edited.System, edited.DecidedBy = c.Origin.SystemID, customer.DecidedChange
		}
		fields := make(customer.Provenances, len(c.Fields))
		if c.Kind == change.CustomerCreated {
			fields[""] = edited
		} else {
			for _, f := range c.Fields {
				fields[f.Field] = edited
			}
		}
		of[c.CustomerID] = fields
	}
	return store.SaveProvenance(ctx, tx, of)
}

// lockCustomer reads a customer that may be changed, and keeps others from changing it.
func lockCustomer(ctx context.Context, tx pgx.Tx, id customer.ID) (customer.Customer, error) {
	none := fault.New(fault.NotFound, "There is no customer with this id.").At("id")
	if held, err := store.LockCustomers(ctx, tx, []customer.ID{id}); err != nil || len(held) == 0 {
		return customer.Customer{}, firstError(err, none)
	}
	found, err := store.ListCustomersByID(ctx, tx, []customer.ID{id}, store.AllRelations)
	if err != nil || len(found) == 0 {
		return customer.Customer{}, firstError(err, none)
	}
	if s := found[0].Status; s == customer.Merged || s == customer.Erased {
		return customer.Customer{}, fault.Because(fault.Invalid, "CUSTOMER_INACTIVE",
			"This customer is %s and cannot be changed.", strings.ToLower(string(s))).At("id")
	}
	return found[0], nil
}

func firstError(err error, otherwise *fault.Error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// checkVersion refuses a writer who has not seen the newest value of a field that it touches. Two writers who touch
// different fields both succeed (T41).
func checkVersion(c *customer.Customer, expected *int, touched customer.Fields) error {
	if expected == nil || *expected == c.Version {
		return nil
	}
	if *expected > c.Version || *expected < 1 {
		return fault.New(fault.Invalid, "The customer has never had version %d; its version is %d.", *expected, c.Version).At("expectedVersion")
	}
	groups := make(map[customer.Group]bool, len(touched))
	for f := range touched {
		groups[f.Group()] = true
	}
	var changed []string
	for _, f := range slices.Sorted(maps.Keys(c.FieldVersions)) {
		if c.FieldVersions[f] > *expected && groups[f.Group()] {
			changed = append(changed, string(f))
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return fault.Because(fault.Stale, "STALE_VERSION",
		"Somebody changed %s since version %d. Read the customer again and decide with its newest values.", strings.Join(changed, ", "), *expected).
		At("expectedVersion").
		With("currentVersion", itoa(c.Version)).With("changedFields", strings.Join(changed, ","))
}

// alter applies a patch by the rules of writing.
func (h *Hub) alter(ctx context.Context, tx pgx.Tx, c *customer.Customer, patch customer.Fields) error {
	values, faults := customer.Normalise(patch, c)
	number := c.Number
	for _, f := range values.Sorted() {
		if err := c.Apply(f, values[f]); err != nil {
			return fault.Wrap(fault.Internal, err, "")
		}
	}
	c.Derive()
	faults = append(faults, notYetSaid(c.CheckWhole(values), faults)...)
	if len(faults) > 0 {
		return faults
	}
	if c.Number == "" || c.Number == number {
		return nil
	}
	if err := store.LockNumber(ctx, tx, c.Number); err != nil {
		return err
	}
	holder, err := store.FindNumberHolder(ctx, tx, c.Number, c.ID)
	if err != nil || holder == "" {
		return err
	}
	return fault.Because(fault.Duplicate, "NUMBER_TAKEN", "Another customer has the number %s already.", c.Number).
		At("number").With("holder", string(holder))
}

// notYetSaid drops faults of a whole that concern a field which is wrong by itself.
func notYetSaid(whole, single fault.Errors) fault.Errors {
	return slices.DeleteFunc(whole, func(w *fault.Error) bool {
		return slices.ContainsFunc(single, func(s *fault.Error) bool { return s.Path[0] == w.Path[0] })
	})
}

func byID[K comparable, V any](list []V, key func(V) K) map[K]V {
	out := make(map[K]V, len(list))
	for _, item := range list {
		out[key(item)] = item
	}
	return out
}

// customerNow reads a customer that a command has just written, whatever the viewer may read: a writer sees what it wrote.
func (h *Hub) customerNow(ctx context.Context, v auth.Viewer, id customer.ID) (CustomerView, error) {
	var found map[customer.ID]CustomerView
	err := pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) error {
		var err error
		found, err = customersByID(ctx, tx, []customer.ID{id}, IncludeAll)
		return err
	})
	if err != nil {
		return CustomerView{}, err
	}
	view, ok := found[id]
	if !ok {
		return CustomerView{}, fault.New(fault.NotFound, "There is no customer with this id.").At("id")
	}
	return view, nil
}

// customersByID reads customers with the included relations, in at most two round trips.
func customersByID(ctx context.Context, tx pgx.Tx, ids []customer.ID, inc Include) (map[customer.ID]CustomerView, error) {
	found, err := store.ListCustomersByID(ctx, tx, ids, relations(inc))
	if err != nil {
		return nil, err
	}
	views, err := withLinks(ctx, tx, found, inc)
	return byID(views, func(v CustomerView) customer.ID { return v.ID }), err
}

func relations(inc Include) store.Relations {
	return store.Relations{
		Addresses: inc&IncludeAddresses != 0, Offices: inc&IncludeOffices != 0, Contacts: inc&IncludeContacts != 0,
	}
}

// withLinks makes views of customers, with their links where those are included.
func withLinks(ctx context.Context, tx pgx.Tx, customers []customer.Customer, inc Include) ([]CustomerView, error) {
	views := make([]CustomerView, len(customers))
	ids := make([]customer.ID, len(customers))
	for i, c := range customers {
		views[i] = CustomerView{Customer: c, Included: inc}
		ids[i] = c.ID
	}
	if inc&IncludeLinks == 0 || len(ids) == 0 {
		return views, nil
	}
	links, systems, err := store.ListLinksAndSystems(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	system := byID(systems, func(s system.System) system.ID { return s.ID })
	at := make(map[customer.ID]int, len(views))
	for i := range views {
		at[views[i].ID] = i
	}
	for _, l := range links {
		view := &views[at[l.CustomerID]]
		view.Links = append(view.Links, LinkView{Link: l, System: system[l.SystemID]})
	}
	return views, nil
}

// LinksByID reads links with their systems; ids that do not exist are left out. Needs customers:read.
func (h *Hub) LinksByID(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]LinkView, error) {
	if err := v.Require(auth.CustomersRead); err != nil {
		return nil, err
	}
	return h.linksByID(ctx, v, ids)
}

// linksByID is LinksByID for a command that has just written a link.
func (h *Hub) linksByID(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]LinkView, error) {
	out := make(map[link.ID]LinkView, len(ids))
	err := pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) error {
		links, err := store.ListLinksByID(ctx, tx, validIDs(ids))
		if err != nil {
			return err
		}
		systemIDs := make([]system.ID, len(links))
		for i, l := range links {
			systemIDs[i] = l.SystemID
		}
		systems, err := store.ListSystemsByID(ctx, tx, systemIDs)
		bySystem := byID(systems, func(s system.System) system.ID { return s.ID })
		for _, l := range links {
			out[l.ID] = LinkView{Link: l, System: bySystem[l.SystemID]}
		}
		return err
	})
	return out, err
}
