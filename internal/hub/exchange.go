package hub

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/organisation"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// LinkWork is what a worker has to know of a link before it calls outside.
type LinkWork struct {
	Link link.Link
	// Number and BusinessID are what a record that does not exist yet, as far as the hub knows, may be found by.
	Number     string
	BusinessID string
	// Intent is a call whose fate is not known; nil when there is none.
	Intent *link.Intent
	// Deletion is the last that an operator asked for; nil when there was none.
	Deletion *link.Deletion
	// Former is as merge.Known has it.
	Former link.Link
	// LeftAlone says that the record is neither read nor written, since the run that brought the customer was taken back.
	LeftAlone bool
}

// StartLink reads what is known of a claimed link. A customer that has neither a number nor a business ID is given a number
// before a record is made of it: without either, a lost answer could not be looked up (design section 5). Not for a system that knows
// customers by their numbers: there a customer without one gets no record until people give it one (merge.Scope).
func (h *Hub) StartLink(ctx context.Context, c store.LinkClaim) (w LinkWork, err error) {
	err = h.inLink(ctx, c, func(ctx context.Context, tx pgx.Tx) error {
		k, pending, err := h.knownLink(ctx, tx, c)
		if err != nil {
			return err
		}
		w = LinkWork{Link: k.Link, Intent: pending, Deletion: k.Deletion, Number: k.Customer.Number, BusinessID: k.Customer.BusinessID, Former: k.Former}
		w.LeftAlone = k.Link.LetGo() && k.Customer.Status != customer.Active
		if k.Link.ExternalID != "" || pending != nil || w.Number != "" || w.BusinessID != "" {
			return nil
		}
		s, err := store.GetSystem(ctx, tx, k.Link.SystemID)
		if err != nil || h.o.Kinds[s.Kind].NeedsNumber {
			return err
		}
		w.Number, err = h.issueNumber(ctx, tx, k.Customer)
		return err
	})
	return w, err
}

// Decision is what comes of looking at a link.
type Decision struct {
	// Outcome is committed: the customer where something came in, and the link with its base.
	Outcome merge.Outcome
	// Resolved says that what became of the pending intent is known, so it goes. Otherwise Pending is how it stands now.
	Resolved bool
	Pending  *link.Intent
	// Taken says that the system took the call of the pending intent.
	Taken bool
	// Intent is a new one, made in the same transaction. The link then stays with its worker, as it does with Hold.
	Intent *link.Intent
	Hold   bool
	// Deletion is the one that was asked for, as it ended; nil when none did.
	Deletion *link.Deletion
	// Succeeded says that the link is set aside, and its customer gets another one in the system. Withdraw has its record deleted there.
	Succeeded, Withdraw bool
}

// Look is one look at a link.
type Look struct {
	Claim  store.LinkClaim
	System system.System
	// Observed is what was read of the record; nil when nothing was.
	Observed *merge.Observation
	// LookedAt is when the reading began whose values the hub has once this is committed; zero when nothing was read.
	LookedAt time.Time
	// Decide says what comes of it, from what was read with its custom fields as the hub's own. It is called under the customer's lock, so that what it decides still holds when it is
	// committed, and it may be called again when the transaction has to be repeated, or the brake parked some of it.
	Decide func(o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (Decision, error)
}

// CommitLook commits what was decided about a link, in one transaction: customer, changes, provenance, base, findings, the
// intent that is made and the one that is resolved, and the links of other systems that are due by it. Stale means that the
// link is in other hands now and nothing was written.
func (h *Hub) CommitLook(ctx context.Context, l Look) (d Decision, err error) {
	err = h.inLink(ctx, l.Claim, func(ctx context.Context, tx pgx.Tx) error {
		k, pending, err := h.knownLink(ctx, tx, l.Claim)
		if err != nil {
			return err
		}
		now, err := store.Now(ctx, tx)
		if err != nil {
			return err
		}
		var o merge.Observation
		if l.Observed != nil {
			known := map[string]merge.Known{l.Observed.ExternalID: k}
			mapped, unmapped, err := mapCustomFields(ctx, tx, l.System.ID, []merge.Observation{*l.Observed}, known)
			if err != nil {
				return err
			}
			noted, err := store.RaiseFindings(ctx, tx, l.System.ID, unmapped)
			if err := logFindings(ctx, tx, noted, byHub, err); err != nil {
				return err
			}
			o = mapped[0]
		}
		if d, err = decideBraked(ctx, tx, l, o, k, pending, now); err != nil {
			return err
		}
		if hint := k.Link.DueAt; !hint.IsZero() && d.Outcome.Link.ID != "" {
			// Somebody said meanwhile that there is something to look at.
			d.Outcome.Link.DueAt = hint
			if d.Outcome.Link.State == link.InSync {
				d.Outcome.Link.State = link.Due
			}
		}
		if d.Succeeded && k.Link.ExternalID == "" {
			return h.succeed(ctx, tx, l, k, d) // nothing is left of the link
		}
		if err := h.commitOutcome(ctx, tx, l, k, d.Outcome, now); err != nil {
			return err
		}
		if d.Succeeded {
			if err := h.succeed(ctx, tx, l, k, d); err != nil {
				return err
			}
		}
		if err := keepIntents(ctx, tx, l.Claim, d, pending); err != nil {
			return err
		}
		if d.Taken {
			if err := store.AddUsage(ctx, tx, system.Usage{System: l.System.ID, Sent: 1}); err != nil {
				return err
			}
		}
		if err := h.endDeletion(ctx, tx, l, d.Deletion); err != nil {
			return err
		}
		if d.Deletion == nil && d.Intent == nil && k.Withdrawn && o.KYC != nil && o.KYC.State == customer.KYCCandidate {
			if err := withdraw(ctx, tx, k, l.System); err != nil {
				return err
			}
		}
		if d.Deletion.Tombstone() && h.o.Kinds[l.System.Kind].From != "" && k.Link.Primary {
			said := map[customer.ID]customer.KYC{k.Customer.ID: removed(k.Customer.KYC, now)}
			if _, err := h.recordKYC(ctx, tx, l.System.ID, l.System.Name, "", said); err != nil {
				return err
			}
		}
		if d.Deletion.Tombstone() && !k.Link.Primary {
			// What the customer's other record was refused for its sake may be taken now.
			if err := store.RetryPrimary(ctx, tx, k.Link); err != nil {
				return err
			}
		}
		if d.Intent == nil && !d.Hold {
			if err := store.ReleaseLink(ctx, tx, l.Claim, store.Release{Progress: true, LookedAt: l.LookedAt}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Decision{}, err
	}
	h.o.Wake(TopicChanges, l.Claim.Organisation)
	return d, nil
}

// decideBraked decides about a link and parks what goes beyond the limit: what would come in, and the call that would be made.
func decideBraked(ctx context.Context, tx pgx.Tx, l Look, o merge.Observation, k merge.Known, pending *link.Intent, now time.Time) (d Decision, err error) {
	one := map[string]merge.Known{"": k}
	if err := ruled(ctx, tx, one); err != nil {
		return d, err
	}
	k = one[""]
	if l.System.Policy.WritesOut() && k.Base.Brake.ByHand == nil {
		from, err := store.ListProvenance(ctx, tx, []customer.ID{k.Customer.ID})
		if err != nil {
			return d, err
		}
		k.Base.Brake.ByHand = enteredHere(from[k.Customer.ID], k.Parts)
	}
	before := k.Base.Brake.Held
	b := braking{tx: tx, system: l.System.ID, name: l.System.Name, now: now}
	decided, err := b.apply(ctx, func(string) merge.Known { return k }, func(_ string, hold link.Hold) {
		k.Base.Brake.Held = append(slices.Clip(k.Base.Brake.Held), hold)
	}, func() ([]merge.Outcome, error) {
		d, err = l.Decide(o, k, pending, now)
		return []merge.Outcome{d.Outcome}, err
	}, func(o *merge.Outcome, c link.Class) bool {
		calls := d.Intent != nil && (d.Intent.Operation == link.Edit || d.Intent.Operation == link.Remove)
		return written(o) && (c.Inward() || calls)
	})
	if err != nil {
		return d, err
	}
	if d.Outcome = decided[0]; !written(&d.Outcome) {
		return d, nil
	}
	return d, b.keep(ctx, before, d.Outcome.Base.Brake.Held)
}

// commitOutcome writes what a look came to. An outcome without a link leaves everything as it is.
func (h *Hub) commitOutcome(ctx context.Context, tx pgx.Tx, l Look, k merge.Known, o merge.Outcome, now time.Time) error {
	if o.Link.ID == "" {
		return nil
	}
	t := Taking{Organisation: l.Claim.Organisation, System: l.System.ID, SystemName: l.System.Name}
	if l.Observed != nil {
		t.Observed = []merge.Observation{*l.Observed}
	}
	outcomes := []merge.Outcome{o}
	if err := warnOfNumbers(ctx, tx, outcomes); err != nil {
		return err
	}
	return h.commit(ctx, tx, t, outcomes, map[string]merge.Known{o.ExternalID: k}, now)
}

func keepIntents(ctx context.Context, tx pgx.Tx, c store.LinkClaim, d Decision, pending *link.Intent) error {
	switch {
	case pending == nil:
	case d.Resolved:
		if err := store.DeleteIntent(ctx, tx, *pending); err != nil {
			return err
		}
	case d.Pending != nil:
		if err := store.UpdateIntent(ctx, tx, *d.Pending); err != nil {
			return err
		}
	}
	if d.Intent != nil {
		if err := store.InsertIntent(ctx, tx, *d.Intent); err != nil {
			return err
		}
	}
	if d.Intent == nil && !d.Resolved && d.Pending == nil && d.Deletion == nil {
		return nil
	}
	return store.TouchLink(ctx, tx, c)
}

// RenewLink holds a claimed link for another lease. Stale means that it is in other hands now.
func (h *Hub) RenewLink(ctx context.Context, c store.LinkClaim, lease time.Duration) error {
	return h.in(ctx, store.Claim{Organisation: c.Organisation}, func(ctx context.Context, tx pgx.Tx) error {
		return store.RenewLink(ctx, tx, c, lease)
	})
}

// ReleaseLink gives a claimed link back as it was, due at once.
func (h *Hub) ReleaseLink(ctx context.Context, c store.LinkClaim) error {
	return h.in(ctx, store.Claim{Organisation: c.Organisation}, func(ctx context.Context, tx pgx.Tx) error {
		return store.ReleaseLink(ctx, tx, c, store.Release{Again: true})
	})
}

// ClaimLink takes the most urgent link that is due in a system; nil when there is none.
func (h *Hub) ClaimLink(ctx context.Context, due store.DueSystem, lease time.Duration) (c *store.LinkClaim, err error) {
	err = h.in(ctx, store.Claim{Organisation: due.Organisation}, func(ctx context.Context, tx pgx.Tx) error {
		c, err = store.ClaimLink(ctx, tx, due, lease)
		return err
	})
	return c, err
}

// CustomerOfRecord gives the customer that a record of a system is linked to; empty when there is none.
func (h *Hub) CustomerOfRecord(ctx context.Context, org organisation.ID, id system.ID, externalID string) (c customer.ID, err error) {
	err = h.in(ctx, store.Claim{Organisation: org}, func(ctx context.Context, tx pgx.Tx) error {
		found, err := store.FindCustomerByExternalID(ctx, tx, string(id), externalID)
		if len(found) > 0 {
			c = found[0]
		}
		return err
	})
	return c, err
}

// NoteAnswer tells a system's readiness to be called about single customers: nil lets it go on, a fault that says that the
// system as a whole does not work keeps it from being called for the wait. A refused credential stops it until a person acts.
func (h *Hub) NoteAnswer(ctx context.Context, org organisation.ID, id system.ID, failure error, wait func(failures int) time.Duration) error {
	stopped := false
	err := h.in(ctx, store.Claim{Organisation: org}, func(ctx context.Context, tx pgx.Tx) error {
		s, err := store.LockSystem(ctx, tx, id)
		if err != nil {
			return err
		}
		if failure == nil {
			if s.HoldCount == 0 && s.Fault == nil {
				return nil
			}
			if s.Fault != nil && s.Fault.Code.Retryable() {
				s.Fault = nil
				if err := store.UpdateSystem(ctx, tx, s); err != nil {
					return err
				}
			}
			return store.HoldSystem(ctx, tx, id, 0, 0)
		}
		now, err := store.Now(ctx, tx)
		if err != nil {
			return err
		}
		before := s.State
		learn(&s, SystemReport{Fault: failure, CredentialsSetAt: s.CredentialsSetAt}, now)
		if err := store.UpdateSystem(ctx, tx, s); err != nil {
			return err
		}
		if stopped = s.State != before; stopped {
			err := store.AppendChanges(ctx, tx, []change.Change{{
				Kind: change.SystemUpdated, Actor: change.Actor{Kind: change.ActorHub, Name: "hub"},
				Origin: change.Source{SystemID: string(id)},
			}})
			if err != nil {
				return err
			}
			return noteAdmission(ctx, tx, &s)
		}
		failures := s.HoldCount
		if s.HoldUntil.After(now) {
			failures = max(failures-1, 0) // it was under way when the one before failed: both tell of the same trouble
		}
		pause := wait(failures)
		if f := fault.Of(failure); f != nil && !f.Until.IsZero() {
			pause = max(pause, min(f.Until.Sub(now), longestWait))
		}
		return store.HoldSystem(ctx, tx, id, pause, failures+1)
	})
	if err == nil && failure != nil {
		h.o.Wake(TopicSystems, org)
	}
	return err
}

// inLink runs fn in a transaction of the claim's organisation that holds the customer, its contacts' persons and the link.
func (h *Hub) inLink(ctx context.Context, c store.LinkClaim, fn func(ctx context.Context, tx pgx.Tx) error) error {
	return h.in(ctx, store.Claim{Organisation: c.Organisation}, func(ctx context.Context, tx pgx.Tx) error {
		ids, err := store.LockCustomers(ctx, tx, []customer.ID{c.Customer})
		if err != nil {
			return err
		}
		if err := store.LockContacts(ctx, tx, ids); err != nil {
			return err
		}
		if err := store.LockLink(ctx, tx, c); err != nil {
			return err
		}
		return fn(ctx, tx)
	})
}

// knownLink reads what the hub has of a claimed link.
func (h *Hub) knownLink(ctx context.Context, tx pgx.Tx, c store.LinkClaim) (merge.Known, *link.Intent, error) {
	record, err := store.FindLinkedRecord(ctx, tx, c.Link)
	if err == nil && record == nil {
		err = fault.New(fault.Stale, "The link %s is gone.", c.Link)
	}
	if err != nil {
		return merge.Known{}, nil, err
	}
	pending, err := store.FindIntent(ctx, tx, c.Link)
	if err != nil {
		return merge.Known{}, nil, err
	}
	customers, err := store.ListCustomersByID(ctx, tx, []customer.ID{record.Link.CustomerID}, store.AllRelations)
	if err != nil || len(customers) == 0 {
		return merge.Known{}, nil, firstError(err, fault.New(fault.Stale, "The customer of link %s is gone.", c.Link))
	}
	withdrawn, err := h.withdrawn(ctx, tx, c.System, []customer.ID{record.Link.CustomerID})
	if err != nil {
		return merge.Known{}, nil, err
	}
	k := merge.Known{Link: record.Link, Base: record.Base, Parts: record.Parts, Customer: customers[0], Deletion: record.Deletion, Withdrawn: len(withdrawn) > 0}
	if k.Source, err = h.sourceOf(ctx, tx, c.System, record.Link.CustomerID); err == nil && k.Source.Kind != "" && k.Link.Primary &&
		(k.Link.ExternalID == "" || k.Base.Ours[customer.FieldBusinessID] != k.Customer.BusinessID) {
		k.Former, err = store.FindFormer(ctx, tx, record.Link, k.Customer.BusinessID)
	}
	return k, pending, err
}

// withdrawn gives those of the customers whose records in a system were made from records that an operator had deleted.
func (h *Hub) withdrawn(ctx context.Context, tx pgx.Tx, id system.ID, customers []customer.ID) ([]customer.ID, error) {
	if !h.derives {
		return nil, nil
	}
	s, err := store.GetSystem(ctx, tx, id)
	from := h.o.Kinds[s.Kind].From
	if err != nil || from == "" {
		return nil, err
	}
	return store.ListWithdrawn(ctx, tx, customers, from)
}

// sourceOf gives the customer's record that its record in a system is made from; zero where the kind of system has no such.
func (h *Hub) sourceOf(ctx context.Context, tx pgx.Tx, id system.ID, c customer.ID) (link.Source, error) {
	if !h.derives {
		return link.Source{}, nil
	}
	s, err := store.GetSystem(ctx, tx, id)
	from := h.o.Kinds[s.Kind].From
	if err != nil || from == "" {
		return link.Source{}, err
	}
	source, err := store.FindSource(ctx, tx, c, from)
	if err != nil || source.ExternalID == "" {
		return source, err
	}
	people, err := h.ownContacts(ctx, tx, from, []customer.ID{c})
	source.Person = people[c]
	return source, err
}

// ownContacts gives the contact persons on customers' records in systems of a kind that lend them to due diligence.
func (h *Hub) ownContacts(ctx context.Context, tx pgx.Tx, from system.Kind, ids []customer.ID) (map[customer.ID]customer.KYCPerson, error) {
	systems, err := store.ListSystems(ctx, tx)
	lends := func(s system.System) bool { return s.Kind == from && s.State != system.Draft && h.lendsContact(s) }
	if err != nil || !slices.ContainsFunc(systems, lends) {
		return nil, err
	}
	records, err := store.ListLinkedRecordsOfCustomers(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	of, out := byID(systems, func(s system.System) system.ID { return s.ID }), make(map[customer.ID]customer.KYCPerson)
	for _, r := range records {
		if s := of[r.Link.SystemID]; lends(s) && r.Link.Primary && r.Link.Followed() {
			out[r.Link.CustomerID] = h.ownContact(s, r.Base.Theirs)
		}
	}
	return out, nil
}

// issueNumber gives a customer a number of the hub's own.
func (h *Hub) issueNumber(ctx context.Context, tx pgx.Tx, c customer.Customer) (string, error) {
	for {
		number, err := store.IssueNumber(ctx, tx)
		if err != nil {
			return "", err
		}
		if err := store.LockNumber(ctx, tx, number); err != nil {
			return "", err
		}
		holder, err := store.FindNumberHolder(ctx, tx, number, c.ID)
		if err != nil {
			return "", err
		}
		if holder != "" {
			continue // somebody typed it
		}
		before := c.Flatten(customer.HubKeys)
		c.Number = number
		fields := customer.Diff(before, c.Flatten(customer.HubKeys))
		kind := merge.Alter(&c, fields)
		return number, h.saveChanged(ctx, tx, []customer.Customer{c}, []change.Change{{
			Kind: kind, CustomerID: c.ID, Fields: fields, Actor: change.Actor{Kind: change.ActorHub, Name: "hub"},
		}})
	}
}
