package hub

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// LinkRecord says that a record of a system is a customer's own, which number, business ID and name did not tell (R92). The two are
// brought into agreement at the next look, as the system's policy has it, and values that lose are kept. Needs findings:resolve.
// Reasons: RECORD_LINKED, CUSTOMER_LINKED, LINK_UNCERTAIN, CUSTOMER_INACTIVE.
func (h *Hub) LinkRecord(ctx context.Context, v auth.Viewer, c customer.ID, sys system.ID, externalID, key string) (LinkView, error) {
	if err := v.Require(auth.FindingsResolve); err != nil {
		return LinkView{}, err
	}
	if err := validID(c, "customer"); err != nil {
		return LinkView{}, fault.Of(err).At("customerId")
	}
	if err := validID(sys, "system"); err != nil {
		return LinkView{}, fault.Of(err).At("systemId")
	}
	externalID = strings.TrimSpace(externalID)
	if externalID == "" {
		return LinkView{}, fault.Because(fault.Invalid, customer.ReasonRequired, "The record's id in the system is needed.").At("externalId")
	}
	if err := customer.CheckText(externalID); err != nil {
		return LinkView{}, err.At("externalId")
	}
	body := []string{string(c), string(sys), externalID}
	done, err := h.do(ctx, v, command{auth.FindingsResolve, "linkRecord", key, body, customerWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		l, err := h.linkRecord(ctx, tx, v, c, sys, externalID)
		return answer{"link": string(l)}, err
	})
	if err != nil {
		return LinkView{}, err
	}
	id := link.ID(done["link"])
	found, err := h.linksByID(ctx, v, []link.ID{id})
	return found[id], err
}

func (h *Hub) linkRecord(ctx context.Context, tx pgx.Tx, v auth.Viewer, c customer.ID, sys system.ID, externalID string) (link.ID, error) {
	systems, err := store.ListSystemsByID(ctx, tx, []system.ID{sys})
	if err != nil || len(systems) == 0 {
		return "", firstError(err, fault.New(fault.NotFound, "There is no system with this id.").At("systemId"))
	}
	locked, err := store.LockCustomers(ctx, tx, []customer.ID{c})
	if err != nil || len(locked) == 0 {
		return "", firstError(err, fault.New(fault.NotFound, "There is no customer with this id.").At("customerId"))
	}
	customers, err := store.ListCustomersByID(ctx, tx, locked, store.Relations{})
	if err != nil || len(customers) == 0 {
		return "", firstError(err, fault.New(fault.NotFound, "There is no customer with this id.").At("customerId"))
	}
	if s := customers[0].Status; s != customer.Active && s != customer.Inactive {
		return "", fault.Because(fault.Invalid, "CUSTOMER_INACTIVE", "The customer is %s, so no record is linked to it.", s).At("customerId")
	}
	holder, err := store.FindCustomerByExternalID(ctx, tx, string(sys), externalID)
	if err != nil {
		return "", err
	}
	if len(holder) > 0 && holder[0] != c {
		return "", fault.Because(fault.Duplicate, "RECORD_LINKED", "The record is linked to another customer. Merge the two customers instead.").At("externalId")
	}
	records, err := store.ListLinkedRecordsOfCustomer(ctx, tx, c)
	if err != nil {
		return "", err
	}
	now, err := store.Now(ctx, tx)
	if err != nil {
		return "", err
	}
	r := store.LinkedRecord{
		Link: link.Link{ID: link.ID(store.NewID()), SystemID: sys, CustomerID: c, Primary: true},
		Base: link.Base{Ours: customer.Fields{}, Theirs: customer.Fields{}},
	}
	for _, have := range records {
		switch {
		case have.Link.SystemID != sys:
		case have.Link.ExternalID == externalID:
			return have.Link.ID, nil // it was said before
		case have.Link.ExternalID != "":
			return "", fault.Because(fault.Duplicate, "CUSTOMER_LINKED", "The customer has the record %s in this system.", have.Link.ExternalID).At("customerId")
		case have.Link.State == link.Uncertain || have.Link.State == link.InProgress:
			return "", fault.Because(fault.Invalid, "LINK_UNCERTAIN", "The hub is making a record of this customer in the system, or finding out whether it did.").At("customerId")
		default:
			r = have
		}
	}
	r.Link.ExternalID, r.Link.Attempt = externalID, 0
	r.Link.LastFault, r.Link.LastMessage = "", "A person linked the record to the customer; it is looked at next."
	r.Link = merge.Queue(r.Link, link.Interactive, now)
	if err := store.SaveLinkedRecords(ctx, tx, []store.LinkedRecord{r}); err != nil {
		return "", err
	}
	noted, err := store.ResolveFindingsAbout(ctx, tx, sys, c, []finding.Code{finding.CreateAmbiguous, finding.NumberCollision, finding.LinkParked}, v.Actor.Name)
	return r.Link.ID, logFindings(ctx, tx, noted, v.Actor, err)
}

// ChooseOffice says which of a customer's offices the visiting address is of in a system that has room for one (finding OFFICE_AMBIGUOUS; design
// section 5). The record is looked at next. Needs findings:resolve. Reasons: OFFICE_INACTIVE, OFFICES_NOT_CHOSEN where the system knows offices
// or none at all.
func (h *Hub) ChooseOffice(ctx context.Context, v auth.Viewer, id link.ID, office customer.OfficeID, key string) (LinkView, error) {
	if err := v.Require(auth.FindingsResolve); err != nil {
		return LinkView{}, err
	}
	if err := validID(id, "link"); err != nil {
		return LinkView{}, fault.Of(err).At("linkId")
	}
	body := []string{string(id), string(office)}
	_, err := h.do(ctx, v, command{auth.FindingsResolve, "chooseOffice", key, body, customerWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		return answer{"link": string(id)}, h.chooseOffice(ctx, tx, id, office)
	})
	if err != nil {
		return LinkView{}, err
	}
	found, err := h.linksByID(ctx, v, []link.ID{id})
	return found[id], err
}

func (h *Hub) chooseOffice(ctx context.Context, tx pgx.Tx, id link.ID, office customer.OfficeID) error {
	none := fault.New(fault.NotFound, "There is no link with this id.").At("linkId")
	record, err := store.FindLinkedRecord(ctx, tx, id)
	if err != nil || record == nil {
		return firstError(err, none)
	}
	locked, err := store.LockCustomers(ctx, tx, []customer.ID{record.Link.CustomerID})
	if err != nil {
		return err
	}
	customers, err := store.ListCustomersByID(ctx, tx, locked, store.AllRelations)
	if err != nil || len(customers) == 0 {
		return firstError(err, none)
	}
	if record, err = store.FindLinkedRecord(ctx, tx, id); err != nil || record == nil {
		return firstError(err, none)
	}
	s, err := store.GetSystem(ctx, tx, record.Link.SystemID)
	if err != nil {
		return err
	}
	if !h.o.Kinds[s.Kind].VisitingOffice {
		return fault.Because(fault.Invalid, "OFFICES_NOT_CHOSEN", "%s is not a system in which one office is chosen.", s.Name).At("linkId")
	}
	o, err := officeOf(&customers[0], office)
	if err != nil {
		return err
	}
	if !o.Active {
		return fault.Because(fault.Invalid, "OFFICE_INACTIVE", "The office is not in use.").At("officeId")
	}
	record.Parts = merge.Choose(record.Parts, office)
	if err := store.SaveLinkedRecords(ctx, tx, []store.LinkedRecord{*record}); err != nil {
		return err
	}
	return store.RetryLink(ctx, tx, id)
}
