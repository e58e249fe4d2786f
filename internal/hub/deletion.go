package hub

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/link"
	"customerhub/internal/organisation"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// maxDeletionText is how long a name and a reason may be.
const maxDeletionText = 500

// DeleteRecord is what an operator asks for: one customer's record in one system, deleted there for good.
type DeleteRecord struct {
	Customer customer.ID
	System   system.ID
	// By is who asks, by name, and Reason is why; both go into the log of changes.
	By, Reason string
}

// DeletionPlan is what a deletion would concern.
type DeletionPlan struct {
	Organisation organisation.Organisation
	Customer     customer.Customer
	System       system.System
	Link         link.Link
	// Others are the systems in which the customer has a record that stays.
	Others []system.System
	// Derived are those in which it has one that was made from this, and goes with it.
	Derived []system.System
}

// PlanDeletion tells what AskDeletion would concern, and refuses what it would refuse. It changes nothing. Needs admin.
func (h *Hub) PlanDeletion(ctx context.Context, v auth.Viewer, r DeleteRecord) (p DeletionPlan, err error) {
	if r, err = r.checked(); err != nil {
		return DeletionPlan{}, err
	}
	err = h.read(ctx, v, auth.Admin, func(ctx context.Context, tx pgx.Tx) error {
		p, err = h.planDeletion(ctx, tx, v, r)
		return err
	})
	return p, err
}

// AskDeletion stores that a record is to be deleted; a worker does it, on the same way as every other write, and writes into the
// deletion what came of it. Whoever asks twice is refused. Needs admin; there is no mutation for it: deleting outside is an
// explicit act of an operator and of nobody else (design section 5, deletes).
func (h *Hub) AskDeletion(ctx context.Context, v auth.Viewer, r DeleteRecord) (link.DeletionID, error) {
	r, err := r.checked()
	if err != nil {
		return "", err
	}
	out, err := h.do(ctx, v, command{scope: auth.Admin, operation: "deleteRecord", wake: customerWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		if _, err := store.LockCustomers(ctx, tx, []customer.ID{r.Customer}); err != nil {
			return nil, err
		}
		p, err := h.planDeletion(ctx, tx, v, r)
		if err != nil {
			return nil, err
		}
		free, err := store.TakeFreeLink(ctx, tx, p.Link.ID)
		if err != nil {
			return nil, err
		}
		if !free {
			return nil, fault.New(fault.Invalid, "The hub is at work on this record at this moment. Ask again when it is done.")
		}
		d := link.Deletion{ID: link.DeletionID(store.NewID()), LinkID: p.Link.ID, By: r.By, Reason: r.Reason}
		if err := store.InsertDeletion(ctx, tx, d); err != nil {
			return nil, err
		}
		return answer{"deletion": string(d.ID)}, store.RetryLink(ctx, tx, p.Link.ID)
	})
	return link.DeletionID(out["deletion"]), err
}

// checked refuses what says neither who nor why, or says it in words that must not stand in the log.
func (r DeleteRecord) checked() (DeleteRecord, error) {
	for _, text := range []struct {
		what string
		of   *string
	}{{"who asks for it", &r.By}, {"why", &r.Reason}} {
		*text.of = strings.Join(strings.Fields(strings.ToValidUTF8(*text.of, "")), " ")
		switch {
		case *text.of == "":
			return r, fault.New(fault.Invalid, "A deletion needs to say %s.", text.what)
		case utf8.RuneCountInString(*text.of) > maxDeletionText || strings.ContainsRune(*text.of, 0):
			return r, fault.New(fault.Invalid, "What says %s has at most %d characters and no NUL.", text.what, maxDeletionText)
		case finnish.ContainsIdentityCode(*text.of):
			// Promise 11: it goes into the log of changes.
			return r, fault.New(fault.Invalid, "What says %s holds a personal identity code, which must not be stored.", text.what)
		}
	}
	return r, nil
}

func (h *Hub) planDeletion(ctx context.Context, tx pgx.Tx, v auth.Viewer, r DeleteRecord) (DeletionPlan, error) {
	customers, err := store.ListCustomersByID(ctx, tx, validIDs([]customer.ID{r.Customer}), store.Relations{})
	if err == nil && len(customers) == 0 {
		err = fault.New(fault.NotFound, "There is no such customer.")
	}
	if err != nil {
		return DeletionPlan{}, err
	}
	records, err := store.ListLinkedRecordsOfCustomer(ctx, tx, r.Customer)
	if err != nil {
		return DeletionPlan{}, err
	}
	systems, err := store.ListSystems(ctx, tx)
	if err != nil {
		return DeletionPlan{}, err
	}
	p := DeletionPlan{Organisation: v.Organisation, Customer: customers[0]}
	of := byID(systems, func(s system.System) system.ID { return s.ID })
	p.System = of[r.System]
	var record store.LinkedRecord
	for _, one := range records {
		switch {
		case one.Link.SystemID == r.System && one.Link.Primary:
			record = one
		case one.Link.SystemID == r.System || !one.Link.Followed():
		case h.o.Kinds[of[one.Link.SystemID].Kind].From == p.System.Kind:
			p.Derived = append(p.Derived, of[one.Link.SystemID])
		default:
			p.Others = append(p.Others, of[one.Link.SystemID])
		}
	}
	p.Link = record.Link
	intents, err := store.ListIntents(ctx, tx, validIDs([]link.ID{p.Link.ID}))
	if err != nil {
		return DeletionPlan{}, err
	}
	return p, h.mayDelete(p, record.Deletion, len(intents) > 0)
}

// mayDelete refuses a deletion of a record that is not in the hub's hands, or that something else is about to happen to.
func (h *Hub) mayDelete(p DeletionPlan, last *link.Deletion, writing bool) error {
	refuse := func(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }
	s, l := p.System, p.Link
	switch {
	case s.ID == "":
		return fault.New(fault.NotFound, "There is no such system.")
	case l.ID == "" || l.ExternalID == "" && l.State != link.Uncertain:
		return refuse("The customer has no record in %s.", s.Name)
	case s.State != system.Running:
		return refuse("%s is %s and not RUNNING, so the hub calls nothing there.", s.Name, s.State)
	case h.o.Kinds[s.Kind].Writes == nil || !s.Policy.WritesOut():
		return refuse("The hub only reads from %s: its policy lets nothing flow out.", s.Name)
	case last.Stands():
		return refuse("%s asked for this deletion at %s already; it is under way.", last.By, last.AskedAt.Format("2006-01-02 15:04:05Z07:00"))
	case writing || l.State == link.Uncertain:
		return refuse("A call that writes into this record is under way, and it is not known yet what came of it. Ask again when it is.")
	}
	switch l.State {
	case link.InSync, link.Due, link.Waiting, link.Parked:
		return nil
	case link.InProgress:
		return refuse("The hub is at work on this record at this moment. Ask again when it is done.")
	case link.NotInScope, link.Paused, link.Uncertain:
	}
	if l.LastMessage != "" {
		return refuse("The hub does not follow this record (%s): %s", l.State, l.LastMessage)
	}
	return refuse("The hub does not follow this record (%s).", l.State)
}

// DeletionView is how a deletion stands.
type DeletionView struct {
	link.Deletion
	Link link.Link
	// Trying says what the hub is doing to find out about a call whose end is not known; empty when there is none.
	Trying string
}

// Deletion reads how a deletion stands. Needs customers:read.
func (h *Hub) Deletion(ctx context.Context, v auth.Viewer, id link.DeletionID) (d DeletionView, err error) {
	if err := validID(id, "deletion"); err != nil {
		return DeletionView{}, err
	}
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		if d.Deletion, err = store.GetDeletion(ctx, tx, id); err != nil {
			return err
		}
		links, err := store.ListLinksByID(ctx, tx, []link.ID{d.LinkID})
		if err != nil {
			return err
		}
		intent, err := store.FindIntent(ctx, tx, d.LinkID)
		if len(links) > 0 {
			d.Link = links[0]
		}
		if intent != nil {
			d.Trying = intent.Trying
		}
		return err
	})
	return d, err
}

// DeletionsByLink gives the last deletion of each link that has one. Needs customers:read.
func (h *Hub) DeletionsByLink(ctx context.Context, v auth.Viewer, ids []link.ID) (map[link.ID]link.Deletion, error) {
	var out map[link.ID]link.Deletion
	err := h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.ListDeletions(ctx, tx, validIDs(ids))
		out = byID(found, func(d link.Deletion) link.ID { return d.LinkID })
		return err
	})
	return out, err
}

// endDeletion writes what came of a deletion, and into the log of changes that a record is gone, by whom and why. Records of other systems
// that were made from it go with it: a due-diligence candidate is deleted, and who is under due diligence is ended.
func (h *Hub) endDeletion(ctx context.Context, tx pgx.Tx, l Look, d *link.Deletion) error {
	if d == nil {
		return nil
	}
	if err := store.EndDeletion(ctx, tx, *d); err != nil || d.State != link.Done {
		return err
	}
	err := store.AppendChanges(ctx, tx, []change.Change{{
		Kind: change.RecordDeleted, CustomerID: l.Claim.Customer, Actor: change.Actor{Kind: change.ActorOperator, Name: d.By},
		Origin: change.Source{SystemID: string(l.System.ID)}, Reason: d.Reason,
	}})
	if err != nil {
		return err
	}
	return h.withdrawDerived(ctx, tx, &l.System, []customer.ID{l.Claim.Customer})
}
