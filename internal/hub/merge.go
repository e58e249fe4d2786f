package hub

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/link"
	"customerhub/internal/merge"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// MergeID identifies a merge of two customers. It is a UUID in text form; empty means none.
type MergeID string

// MergeCustomers asks for one customer to become part of another.
type MergeCustomers struct {
	// Keep stays, Merge becomes part of it.
	Keep, Merge customer.ID
	// DryRun tells what would come of it, and does nothing.
	DryRun bool
	// KeepVersion and MergeVersion are those that the caller has seen; nil for whatever they are.
	KeepVersion, MergeVersion *int
}

// MergeResult is what a merge makes of everything, done or not.
type MergeResult struct {
	ID     MergeID     `json:"-"` // empty where nothing was done
	Kept   customer.ID `json:"kept"`
	Merged customer.ID `json:"merged"`
	// Fields are what each field of the kept customer becomes, and why.
	Fields []merge.Fate `json:"fields"`
	// Parts are the offices and contacts of the merged customer.
	Parts []merge.PartFate `json:"parts"`
	Links []LinkFate       `json:"links"`
	// Proposals are the open ones about persons that move along.
	Proposals []customer.PersonProposalID `json:"proposals"`
}

// mergePlan is a merge before it is done.
type mergePlan struct {
	joined merge.Joined
	result MergeResult
	links  linkPlan
	kyc    *customer.KYC // what the kept customer takes over of the due diligence; nil for nothing
	said   map[customer.ID]customer.KYC
	// before are the two as they are, provenance where their values came from.
	kept, merged customer.Customer
	provenance   map[customer.ID]customer.Provenances
	now          time.Time
}

// remembered is what is stored of a merge to take it back.
type remembered struct {
	merge.Remembered
	Links []linkMemory `json:"links"`
	// Was is where values of the kept customer came from to which the merge gives MadeProvenance instead.
	Was            customer.Provenances `json:"was"`
	MadeProvenance customer.Provenances `json:"provenance"`
	// KYC says that the kept customer took over the due diligence of the other.
	KYC bool `json:"kyc"`
}

// MergeCustomers makes one customer part of another, in one transaction: the kept one's values stand and what it lacks is filled
// from the other; offices, contacts and links move; the other is MERGED and points at the kept one. UnmergeCustomers takes it
// back. Needs findings:resolve. Reasons: CUSTOMER_INACTIVE, NUMBER_RESERVED for a temporary customer, STALE_VERSION, RECORD_BUSY, and
// where due diligence is used BUSINESS_IDS_DIFFER and MERGE_NEEDS_OPERATOR.
func (h *Hub) MergeCustomers(ctx context.Context, v auth.Viewer, in MergeCustomers, key string) (MergeResult, error) {
	if err := v.Require(auth.FindingsResolve); err != nil {
		return MergeResult{}, err
	}
	for path, id := range map[string]customer.ID{"keep": in.Keep, "merge": in.Merge} {
		if err := validID(id, "customer"); err != nil {
			return MergeResult{}, fault.Of(err).At(path)
		}
	}
	if in.Keep == in.Merge {
		return MergeResult{}, fault.New(fault.Invalid, "A customer cannot be merged with itself.").At("merge")
	}
	if in.DryRun {
		var p mergePlan
		err := h.read(ctx, v, auth.FindingsResolve, func(ctx context.Context, tx pgx.Tx) (err error) {
			p, err = h.planMerge(ctx, tx, in)
			return err
		})
		return p.result, err
	}
	out, err := h.do(ctx, v, command{auth.FindingsResolve, "mergeCustomers", key, in, customerWake}, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		if err := lockForMerge(ctx, tx, in.Keep, in.Merge); err != nil {
			return nil, err
		}
		p, err := h.planMerge(ctx, tx, in)
		if err != nil {
			return nil, err
		}
		id := store.NewID()
		return answer{"merge": id}, h.merge(ctx, tx, v, id, p)
	})
	if err != nil {
		return MergeResult{}, err
	}
	var result MergeResult
	err = h.mergeAnswer(ctx, v, out["merge"], func(m *store.Merge) error { return json.Unmarshal(m.Result, &result) })
	result.ID = MergeID(out["merge"])
	return result, err
}

// mergeAnswer reads what was answered, which a repetition is told again.
func (h *Hub) mergeAnswer(ctx context.Context, v auth.Viewer, id string, read func(*store.Merge) error) error {
	return pg.ReadInOrganisation(ctx, h.pool, string(v.Organisation.ID), func(ctx context.Context, tx pgx.Tx) error {
		m, err := store.FindMerge(ctx, tx, id)
		if err != nil || m == nil {
			return firstError(err, fault.New(fault.NotFound, "There is no merge with this id."))
		}
		return read(m)
	})
}

// lockForMerge holds both customers, in the order of their ids, their contacts' persons and their links, which no worker may claim
// meanwhile.
func lockForMerge(ctx context.Context, tx pgx.Tx, ids ...customer.ID) error {
	if _, err := store.LockCustomers(ctx, tx, ids); err != nil {
		return err
	}
	if err := store.LockContacts(ctx, tx, ids); err != nil {
		return err
	}
	links, _, err := store.ListLinksAndSystems(ctx, tx, ids)
	if err != nil {
		return err
	}
	held := make([]link.ID, len(links))
	for i, l := range links {
		held[i] = l.ID
	}
	return store.LockLinks(ctx, tx, held)
}

// planMerge says what a merge would make of everything, and refuses what cannot be merged. It changes nothing.
func (h *Hub) planMerge(ctx context.Context, tx pgx.Tx, in MergeCustomers) (p mergePlan, err error) {
	found, err := store.ListCustomersByID(ctx, tx, []customer.ID{in.Keep, in.Merge}, store.AllRelations)
	if err != nil {
		return p, err
	}
	of := byID(found, func(c customer.Customer) customer.ID { return c.ID })
	for _, one := range []struct {
		path    string
		id      customer.ID
		version *int
	}{{"keep", in.Keep, in.KeepVersion}, {"merge", in.Merge, in.MergeVersion}} {
		c, ok := of[one.id]
		if !ok {
			return p, fault.New(fault.NotFound, "There is no customer with this id.").At(one.path)
		}
		if err := mayMerge(&c); err != nil {
			return p, err.At(one.path)
		}
		everything := make(customer.Fields, len(c.FieldVersions))
		for f := range c.FieldVersions {
			everything[f] = ""
		}
		if err := checkVersion(&c, one.version, everything); err != nil {
			return p, fault.Of(err).At("expectedVersions", one.path)
		}
	}
	p.kept, p.merged = of[in.Keep], of[in.Merge]
	p.joined = merge.Join(p.kept, p.merged)
	if p.now, err = store.Now(ctx, tx); err != nil {
		return p, err
	}
	if p.provenance, err = store.ListProvenance(ctx, tx, []customer.ID{in.Keep, in.Merge}); err != nil {
		return p, err
	}
	if p.said, err = store.ListKYC(ctx, tx, []customer.ID{in.Keep, in.Merge}); err != nil {
		return p, err
	}
	if p.links, err = h.planLinks(ctx, tx, &p); err != nil {
		return p, err
	}
	p.result = MergeResult{Kept: in.Keep, Merged: in.Merge, Fields: p.joined.Fates, Parts: p.joined.Parts, Links: p.links.fates}
	p.takeKYC()
	people := make([]customer.PersonID, len(p.merged.Contacts))
	for i, ct := range p.merged.Contacts {
		people[i] = ct.Person.ID
	}
	proposals, err := store.ListOpenProposalsOf(ctx, tx, people)
	for _, one := range proposals {
		p.result.Proposals = append(p.result.Proposals, one.ID)
	}
	return p, err
}

// mayMerge refuses a customer that is out of use for good, or only a stand-in.
func mayMerge(c *customer.Customer) *fault.Error {
	switch {
	case c.Status == customer.Merged || c.Status == customer.Erased:
		return fault.Because(fault.Invalid, "CUSTOMER_INACTIVE", "This customer is %s and cannot be merged.", strings.ToLower(string(c.Status)))
	case finnish.ReservedCustomerNumber(c.Number):
		return fault.Because(fault.Invalid, "NUMBER_RESERVED", "The temporary customer is never merged.")
	}
	return nil
}

// takeKYC has the due diligence follow its owner: the status that the service gave the merged customer becomes that of one of
// which the service has said nothing, or whose record there gives way to the merged one's.
func (p *mergePlan) takeKYC() {
	k, said := p.said[p.merged.ID]
	own := p.saidOfKept()
	if !said || own.State != customer.KYCNotSent && !p.links.takesKYC {
		return
	}
	if !k.AsOf.After(own.AsOf) {
		k.AsOf = own.AsOf.Add(time.Microsecond) // it is what stands now
	}
	p.kyc = &k
	for _, f := range customer.KYCChanges(&own, &k) {
		p.result.Fields = append(p.result.Fields, merge.Fate{Field: f.Field, Value: f.After, From: merge.Merged, Why: merge.WhyFilled})
	}
}

func (p *mergePlan) saidOfKept() customer.KYC {
	if own, ok := p.said[p.kept.ID]; ok {
		return own
	}
	return customer.UnknownKYC()
}

// merge does what was planned. The caller holds the locks.
func (h *Hub) merge(ctx context.Context, tx pgx.Tx, v auth.Viewer, id string, p mergePlan) error {
	if err := store.MoveOffices(ctx, tx, movedOffices(p.joined.Parts), p.kept.ID); err != nil {
		return err
	}
	if err := h.moveLinks(ctx, tx, p.links); err != nil {
		return err
	}
	was, made := p.newProvenance()
	keep := remembered{
		Remembered: merge.Remembered{
			Kept: p.kept.Flatten(customer.HubKeys), Merged: p.merged.Flatten(customer.HubKeys), Made: p.joined.Kept.Flatten(customer.HubKeys),
		},
		Links: p.links.before, Was: was, MadeProvenance: made, KYC: p.kyc != nil,
	}
	kept, merged := p.joined.Kept, p.joined.Merged
	changes := []change.Change{
		altered(&kept, keep.Kept, change.CustomerMerged, v.Actor), altered(&merged, keep.Merged, change.CustomerMerged, v.Actor),
	}
	customers := []customer.Customer{kept, merged}
	number(customers, changes)
	if err := h.saveMoved(ctx, tx, customers, changes, map[customer.ID]customer.Provenances{kept.ID: made}); err != nil {
		return err
	}
	if p.kyc != nil {
		if err := h.passKYC(ctx, tx, kept.ID, p.saidOfKept(), *p.kyc, v.Actor); err != nil {
			return err
		}
		if err := h.showKYC(ctx, tx, []customer.ID{kept.ID}, system.ID(p.kyc.SourceSystem)); err != nil {
			return err
		}
	}
	if err := h.withdraw(ctx, tx, p.links, v.Actor); err != nil {
		return err
	}
	if err := h.noticeTurned(ctx, tx, changes); err != nil {
		return err
	}
	if err := h.noteReadOnly(ctx, tx, p.links, kept.ID); err != nil {
		return err
	}
	snapshot, err := json.Marshal(keep)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "")
	}
	result, err := json.Marshal(p.result)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "")
	}
	return store.InsertMerge(ctx, tx, store.Merge{
		ID: id, Kept: kept.ID, Merged: merged.ID, KeptChangeNo: changes[0].Number, Snapshot: snapshot, Result: result, By: actorKey(v.Actor),
	})
}

func movedOffices(parts []merge.PartFate) (out []customer.OfficeID) {
	for _, p := range parts {
		if p.Part == customer.PartOffice && p.SameAs == "" {
			out = append(out, customer.OfficeID(p.ID))
		}
	}
	return out
}

// altered raises a customer's version for what became different of it, and gives the change.
func altered(c *customer.Customer, before customer.Fields, kind change.Kind, actor change.Actor) change.Change {
	fields := customer.Diff(before, c.Flatten(customer.HubKeys))
	if len(fields) > 0 {
		merge.Alter(c, fields)
	}
	return change.Change{Kind: kind, CustomerID: c.ID, Fields: fields, Actor: actor}
}

// saveMoved writes customers whose parts and links have moved, says of the links what the systems lack now, and appends the
// changes, which have their numbers.
func (h *Hub) saveMoved(ctx context.Context, tx pgx.Tx, customers []customer.Customer, changes []change.Change, from map[customer.ID]customer.Provenances) error {
	if err := store.SaveCustomers(ctx, tx, customers); err != nil {
		return err
	}
	if err := store.SaveProvenance(ctx, tx, from); err != nil {
		return err
	}
	ids := idsOf(customers)
	if err := store.ProposePeople(ctx, tx, ids, ids); err != nil {
		return err
	}
	for i := range customers {
		if err := h.settleLinks(ctx, tx, &customers[i], settling{priority: link.Interactive}); err != nil {
			return err
		}
	}
	return store.AppendChanges(ctx, tx, changes)
}

// newProvenance says where values of the kept customer come from that the merge altered, or that had another one beside them;
// was is what was said of them before.
func (p *mergePlan) newProvenance() (was, made customer.Provenances) {
	was, made = customer.Provenances{}, customer.Provenances{}
	mine, theirs := p.provenance[p.kept.ID], p.provenance[p.merged.ID]
	as := make(map[string]string) // what the merged customer calls a part that was recognised
	for _, part := range p.joined.Parts {
		if part.SameAs != "" {
			as[part.SameAs] = part.ID
		}
	}
	for _, fate := range p.joined.Fates {
		other := fate.Field
		if part, key, name, ok := other.PartKey(); ok && as[key] != "" {
			other = customer.PartField(part, as[key], name)
		}
		one := theirs.Of(other)
		if one.ObservedAt.IsZero() {
			one.ObservedAt = p.now
		}
		switch {
		case fate.From == merge.Merged:
			one.DecidedBy = customer.DecidedMerge
		case fate.Lost != "":
			lost := customer.Alternative{System: one.System, Value: fate.Lost, ObservedAt: one.ObservedAt}
			one = mine.Of(fate.Field)
			if one.ObservedAt.IsZero() {
				one.ObservedAt, one.DecidedBy = p.now, customer.DecidedMerge
			}
			one.Alternatives = append(one.Alternatives[:len(one.Alternatives):len(one.Alternatives)], lost)
		default:
			continue
		}
		if before, ok := mine[fate.Field]; ok {
			was[fate.Field] = before
		}
		made[fate.Field] = one
	}
	return was, made
}

// passKYC writes that a customer has another due-diligence status because of a merge, or of one that was taken back.
func (h *Hub) passKYC(ctx context.Context, tx pgx.Tx, id customer.ID, before, after customer.KYC, actor change.Actor) error {
	if err := store.InsertKYC(ctx, tx, id, after); err != nil {
		return err
	}
	return store.AppendChanges(ctx, tx, []change.Change{{
		Kind: change.KYCStatusChanged, CustomerID: id, Fields: customer.KYCChanges(&before, &after), Actor: actor,
		Origin: change.Source{SystemID: after.SourceSystem},
	}})
}
