package hub

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/store"
)

// Customers reads a page of customers. Needs customers:read.
func (h *Hub) Customers(ctx context.Context, v auth.Viewer, q CustomerQuery) (CustomerPage, error) {
	list, w, err := q.listing()
	if err == nil {
		err = q.allowed(v)
	}
	if err != nil {
		return CustomerPage{}, err
	}
	var page CustomerPage
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := store.ListCustomers(ctx, tx, list, relations(q.Include))
		if err != nil {
			return err
		}
		page = CustomerPage{Info: w.info(rows.More), Total: rows.Total, Cursors: make([]string, len(rows.Places))}
		for i, p := range rows.Places {
			page.Cursors[i] = position{Order: string(list.Sort), Key: p.Key, ID: string(p.ID)}.cursor()
		}
		page.Items, err = withLinks(ctx, tx, rows.Customers, q.Include)
		return err
	})
	return page, err
}

// listing is the query as the store knows it.
func (q *CustomerQuery) listing() (store.CustomerList, window, error) {
	order, ok := customerOrders[q.Order]
	if !ok {
		return store.CustomerList{}, window{}, fault.New(fault.Invalid, "There is no order %q of customers.", q.Order).At("orderBy")
	}
	w, err := q.Page.window()
	if err != nil {
		return store.CustomerList{}, window{}, err
	}
	filter, err := q.Filter.stored()
	if err != nil {
		return store.CustomerList{}, window{}, err
	}
	from, to, err := w.cursors(string(order.sort))
	return store.CustomerList{
		Filter: filter, Sort: order.sort, Descending: order.descending, Backwards: w.backwards, Limit: w.limit, Total: q.Total,
		From: customerPlace(from), To: customerPlace(to),
	}, w, err
}

var customerOrders = map[CustomerOrder]struct {
	sort       store.CustomerSort
	descending bool
}{
	"":           {store.SortByName, false},
	ByName:       {store.SortByName, false},
	ByNameDesc:   {store.SortByName, true},
	ByNumber:     {store.SortByNumber, false},
	ByNumberDesc: {store.SortByNumber, true},
	ByUpdate:     {store.SortByUpdate, false},
	ByUpdateDesc: {store.SortByUpdate, true},
	ByKYCExpiry:  {store.SortByKYCExpires, false},
}

func customerPlace(p *position) *store.CustomerPlace {
	if p == nil {
		return nil
	}
	return &store.CustomerPlace{Key: p.Key, ID: customer.ID(p.ID)}
}

// allowed says whether the viewer may ask so: who may not see an expiry may not find out by a filter or an order either.
func (q *CustomerQuery) allowed(v auth.Viewer) error {
	if q.Order == ByKYCExpiry {
		return v.Require(auth.KYCRead)
	}
	return q.Filter.allowed(v)
}

func (f *CustomerFilter) allowed(v auth.Viewer) error {
	if f.KYC.ExpiresBefore != "" {
		return v.Require(auth.KYCRead)
	}
	return nil
}

func (f *CustomerFilter) stored() (store.CustomerFilter, error) {
	out := store.CustomerFilter{
		Words: customer.SearchWords(f.Text), Kind: f.Kind, Status: f.Status, System: f.System, SyncStates: f.SyncStates, KYC: f.KYC,
		UpdatedSince: f.UpdatedSince,
	}
	if len(out.Words) == 0 && strings.TrimSpace(f.Text) != "" {
		out.IDs = []customer.ID{} // a search for signs alone finds nothing, rather than everybody
	}
	if f.CustomField.Key != "" {
		value, err := f.CustomField.canonical()
		if err != nil {
			return out, err
		}
		out.Custom = map[string]string{f.CustomField.Key: value}
	}
	return out, nil
}

// canonical is the value as it is stored. Whether there is such a field, and such an option, is not asked: nobody has it then.
func (f *CustomFieldFilter) canonical() (string, error) {
	if f.Type == customer.EnumField {
		return strings.TrimSpace(f.Value), nil
	}
	d := customer.CustomField{Key: f.Key, Type: f.Type, State: customer.CustomFieldActive}
	value, err := d.Value(f.Value)
	if err != nil {
		return "", err.At("filter", "customField", "value")
	}
	return value, nil
}

// Customer reads the customer that the look-up names; nil when there is none. Several customers with the same number or
// business ID are Ambiguous, and the details name the candidates. Needs customers:read.
func (h *Hub) Customer(ctx context.Context, v auth.Viewer, by CustomerLookup, inc Include) (*CustomerView, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	var view *CustomerView
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		ids, err := by.find(ctx, tx)
		if err != nil || len(ids) == 0 {
			return err
		}
		if len(ids) > 1 {
			candidates := make([]string, len(ids))
			for i, id := range ids {
				candidates[i] = string(id)
			}
			return fault.New(fault.Ambiguous, "Several customers fit; look one of them up by its id.").
				At("by").With("candidates", strings.Join(candidates, ","))
		}
		found, err := customersByID(ctx, tx, ids, inc)
		if one, ok := found[ids[0]]; ok {
			view = &one
		}
		return err
	})
	return view, err
}

func (by CustomerLookup) check() error {
	given := 0
	for _, set := range []bool{by.ID != "", by.Number != "", by.BusinessID != "", by.System != "" || by.ExternalID != ""} {
		if set {
			given++
		}
	}
	if given != 1 {
		return fault.New(fault.Invalid, "Name the customer by exactly one of id, number, businessId and external.").At("by")
	}
	if (by.System == "") != (by.ExternalID == "") {
		return fault.New(fault.Invalid, "An external record is named by its system and its id in that system.").At("by", "external")
	}
	return nil
}

func (by CustomerLookup) find(ctx context.Context, tx pgx.Tx) ([]customer.ID, error) {
	switch {
	case by.ID != "":
		return validIDs([]customer.ID{by.ID}), nil
	case by.Number != "":
		return store.FindCustomersByNumber(ctx, tx, strings.TrimSpace(by.Number))
	case by.BusinessID != "":
		id, err := finnish.ParseBusinessID(by.BusinessID)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s", err).At("by", "businessId")
		}
		return store.FindCustomersByBusinessID(ctx, tx, string(id))
	}
	if len(validIDs([]string{string(by.System)})) == 0 {
		return nil, nil
	}
	return store.FindCustomerByExternalID(ctx, tx, string(by.System), by.ExternalID)
}

// CustomersByID reads customers; ids that do not exist are left out. Needs customers:read.
func (h *Hub) CustomersByID(ctx context.Context, v auth.Viewer, ids []customer.ID, inc Include) (map[customer.ID]CustomerView, error) {
	var out map[customer.ID]CustomerView
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		out, err = customersByID(ctx, tx, validIDs(ids), inc)
		return err
	})
	return out, err
}

// MatchCustomers says which of the customers fit the filter. Needs customers:read.
func (h *Hub) MatchCustomers(ctx context.Context, v auth.Viewer, ids []customer.ID, f CustomerFilter) (map[customer.ID]bool, error) {
	filter, err := f.stored()
	if err == nil {
		err = f.allowed(v)
	}
	if err != nil {
		return nil, err
	}
	if filter.IDs == nil {
		filter.IDs = append([]customer.ID{}, validIDs(ids)...)
	}
	out := make(map[customer.ID]bool, len(ids))
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		matching, err := store.MatchCustomers(ctx, tx, filter)
		for _, id := range ids {
			out[id] = slices.Contains(matching, id)
		}
		return err
	})
	return out, err
}

// OfficesByID reads offices; ids that do not exist are left out. Needs customers:read.
func (h *Hub) OfficesByID(ctx context.Context, v auth.Viewer, ids []customer.OfficeID) (map[customer.OfficeID]customer.Office, error) {
	var out map[customer.OfficeID]customer.Office
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListOfficesByID(ctx, tx, validIDs(ids))
		out = byID(found, func(o customer.Office) customer.OfficeID { return o.ID })
		return err
	})
	return out, err
}

// PeopleByID reads persons; ids that do not exist are left out. Needs customers:read.
func (h *Hub) PeopleByID(ctx context.Context, v auth.Viewer, ids []customer.PersonID) (map[customer.PersonID]customer.Person, error) {
	var out map[customer.PersonID]customer.Person
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListPeopleByID(ctx, tx, validIDs(ids))
		out = byID(found, func(p customer.Person) customer.PersonID { return p.ID })
		return err
	})
	return out, err
}

// ContactsOfPeople reads which customers persons are contacts of. Needs customers:read.
func (h *Hub) ContactsOfPeople(ctx context.Context, v auth.Viewer, ids []customer.PersonID) (map[customer.PersonID][]customer.Contact, error) {
	out := make(map[customer.PersonID][]customer.Contact, len(ids))
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListContactsOfPeople(ctx, tx, validIDs(ids))
		for _, c := range found {
			out[c.Person.ID] = append(out[c.Person.ID], c)
		}
		return err
	})
	return out, err
}

// ProvenanceByCustomer reads where the values of customers came from; customers without any are missing. Needs
// customers:read.
func (h *Hub) ProvenanceByCustomer(ctx context.Context, v auth.Viewer, ids []customer.ID) (map[customer.ID]customer.Provenances, error) {
	var out map[customer.ID]customer.Provenances
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		out, err = store.ListProvenance(ctx, tx, validIDs(ids))
		return err
	})
	return out, err
}
