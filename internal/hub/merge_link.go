package hub

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// Place is what a link is to its customer.
type Place string

// The places.
const (
	PrimaryPlace Place = "PRIMARY"   // the record that the customer is kept in agreement with
	ReadOnly     Place = "READ_ONLY" // a second record in the same system: never written
	Dropped      Place = "DROPPED"   // there was no record yet, and none is made
	Restored     Place = "RESTORED"  // a record is to be made again, as before the merge
	Withdrawn    Place = "WITHDRAWN" // a candidate of the due-diligence service that a merge deletes there
)

// LinkFate is what becomes of a link when customers are merged, or a merge is taken back.
type LinkFate struct {
	Link       link.ID   `json:"link"`
	System     system.ID `json:"system"`
	ExternalID string    `json:"externalId,omitempty"`
	// From is the customer that had it, To the one that has it afterwards.
	From  customer.ID `json:"from"`
	To    customer.ID `json:"to"`
	Place Place       `json:"place"`
}

// linkMemory is a link before a merge.
type linkMemory struct {
	ID         link.ID     `json:"id"`
	System     system.ID   `json:"system"`
	Customer   customer.ID `json:"customer"`
	ExternalID string      `json:"externalId,omitempty"`
	Primary    bool        `json:"primary"`
	State      link.State  `json:"state"`
	Fault      fault.Code  `json:"fault,omitempty"`
	Message    string      `json:"message,omitempty"`
	// Parts are which offices and contacts its record had.
	Parts []link.PartLink `json:"parts,omitempty"`
	// Dropped says that the merge removed it.
	Dropped bool `json:"dropped,omitempty"`
	// Withdrawn says that the merge had its record deleted.
	Withdrawn bool `json:"withdrawn,omitempty"`
}

// linkPlan is what is to be done with links.
type linkPlan struct {
	fates  []LinkFate
	before []linkMemory
	moved  []link.Link // as they are afterwards
	parts  []store.LinkedRecord
	drop   []link.ID
	// withdraw are candidates of the due-diligence service that are deleted there.
	withdraw []link.ID
	// takesKYC says that the customer's record in the due-diligence service is the merged one's.
	takesKYC bool
}

// planLinks moves all links to the kept customer. Of two primary ones in a system, its own stays primary, unless there is no live
// record behind it and there is one behind the other. A link without a record is dropped where there is another.
func (h *Hub) planLinks(ctx context.Context, tx pgx.Tx, p *mergePlan) (linkPlan, error) {
	mine, err := store.ListLinkedRecordsOfCustomer(ctx, tx, p.kept.ID)
	if err != nil {
		return linkPlan{}, err
	}
	theirs, err := store.ListLinkedRecordsOfCustomer(ctx, tx, p.merged.ID)
	if err != nil {
		return linkPlan{}, err
	}
	var out linkPlan
	var touched []link.ID
	chosen := primaries(mine, theirs)
	if err := h.planKYC(ctx, tx, p, mine, theirs, chosen, &out); err != nil {
		return linkPlan{}, err
	}
	for _, r := range slices.Concat(mine, theirs) {
		l, was := r.Link, r.Link
		place := ReadOnly
		switch {
		case chosen[l.SystemID] == l.ID:
			place = PrimaryPlace
		case l.ExternalID == "":
			place = Dropped
		case slices.Contains(out.withdraw, l.ID):
			place = Withdrawn
		}
		out.fates = append(out.fates, LinkFate{Link: l.ID, System: l.SystemID, ExternalID: l.ExternalID, From: l.CustomerID, To: p.kept.ID, Place: place})
		out.before = append(out.before, linkMemory{
			ID: l.ID, System: l.SystemID, Customer: l.CustomerID, ExternalID: l.ExternalID, Primary: l.Primary, State: l.State,
			Fault: l.LastFault, Message: l.LastMessage, Parts: r.Parts, Dropped: place == Dropped, Withdrawn: place == Withdrawn,
		})
		l.CustomerID, l.Primary = p.kept.ID, place == PrimaryPlace
		if l.CustomerID == was.CustomerID && l.Primary == was.Primary {
			continue
		}
		touched = append(touched, l.ID)
		switch place {
		case Dropped:
			out.drop = append(out.drop, l.ID)
			continue
		case ReadOnly, Withdrawn:
			l = setAside(l)
		case PrimaryPlace, Restored:
			if parts := recognised(r.Parts, p.joined.Parts); !slices.Equal(parts, r.Parts) {
				r.Parts = parts
				out.parts = append(out.parts, r)
			}
		}
		out.moved = append(out.moved, l)
	}
	return out, notBusy(ctx, tx, touched)
}

// setAside is a link that is only read from now on. What is said of a record that does not come in stays.
func setAside(l link.Link) link.Link {
	l.Primary = false
	if l.State == link.NotInScope && l.LastFault != "" {
		return l
	}
	return merge.SetAside(l)
}

// primaries are the links that stay, or become, primary: one for each system in which either of the two has one.
func primaries(mine, theirs []store.LinkedRecord) map[system.ID]link.ID {
	live := func(l link.Link) bool { return l.ExternalID != "" && l.State != link.NotInScope }
	chosen := make(map[system.ID]link.Link)
	for _, r := range slices.Concat(mine, theirs) {
		l := r.Link
		if have, ok := chosen[l.SystemID]; l.Primary && (!ok || live(l) && !live(have)) {
			chosen[l.SystemID] = l
		}
	}
	out := make(map[system.ID]link.ID, len(chosen))
	for id, l := range chosen {
		out[id] = l.ID
	}
	return out
}

// recognised has external records of offices be those that the offices were recognised as.
func recognised(parts []link.PartLink, fates []merge.PartFate) []link.PartLink {
	out := slices.Clone(parts)
	for i, p := range out {
		for _, f := range fates {
			if f.SameAs != "" && f.Part == p.Part && f.ID == p.ID {
				out[i].ID = f.SameAs
			}
		}
	}
	return out
}

// notBusy refuses to move links that the hub is at work on: what comes of a call has to be written where it was decided.
func notBusy(ctx context.Context, tx pgx.Tx, ids []link.ID) error {
	busy, err := store.ListBusyLinks(ctx, tx, ids)
	if err != nil || len(busy) == 0 {
		return err
	}
	systems, err := store.ListSystemsByID(ctx, tx, []system.ID{busy[0].SystemID})
	if err != nil {
		return err
	}
	name := "a system"
	if len(systems) > 0 {
		name = systems[0].Name
	}
	if busy[0].State == link.Uncertain {
		return fault.Because(fault.Invalid, "RECORD_BUSY", "It is not known yet what became of a call about these customers to %s. Ask again when it is.", name)
	}
	return fault.Because(fault.Invalid, "RECORD_BUSY", "The hub is at work on a record of these customers in %s at this moment. Ask again when it is done.", name)
}

// moveLinks does what was planned with links.
func (h *Hub) moveLinks(ctx context.Context, tx pgx.Tx, p linkPlan) error {
	if len(p.drop) > 0 {
		if err := store.DropLinks(ctx, tx, p.drop); err != nil {
			return err
		}
	}
	if err := store.MoveLinks(ctx, tx, p.moved); err != nil {
		return err
	}
	if len(p.parts) > 0 {
		if err := store.ReplaceParts(ctx, tx, p.parts); err != nil {
			return err
		}
	}
	for _, l := range p.moved {
		if l.ExternalID == "" {
			continue
		}
		if err := store.MoveFindings(ctx, tx, l.SystemID, l.ExternalID, l.CustomerID); err != nil {
			return err
		}
	}
	return nil
}

// noteReadOnly raises a finding for each record that is only read.
func (h *Hub) noteReadOnly(ctx context.Context, tx pgx.Tx, p linkPlan, id customer.ID) error {
	for _, l := range p.moved {
		if l.Primary || l.ExternalID == "" || slices.Contains(p.withdraw, l.ID) {
			continue
		}
		f := merge.NotPrimary()
		f.ExternalID, f.CustomerID = l.ExternalID, id
		noted, err := store.SyncFindingsOf(ctx, tx, l.SystemID, []string{l.ExternalID}, []finding.Code{finding.LinkNotPrimary}, []finding.Finding{f})
		if err := logFindings(ctx, tx, noted, byHub, err); err != nil {
			return err
		}
	}
	return nil
}
