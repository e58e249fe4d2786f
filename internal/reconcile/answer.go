package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/finnish"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/merge"
)

// What comes of one look at one link. Everything here is pure: it is called under the customer's lock and may be repeated.

// decideLook compares the record as it was just read, takes in what came, and makes an intent for the first call that is to
// be made outside; what remains is due again afterwards, since each call is chosen anew.
func decideLook(o merge.Observation, k merge.Known, p Policy, newID merge.IDFunc, now time.Time) (hub.Decision, error) {
	if !k.Link.Primary {
		out := aside(o, k, p, now)
		out.Action = merge.Agree // as below
		return hub.Decision{Outcome: out}, nil
	}
	if leftAlone(k) {
		return hub.Decision{Outcome: standing(k, link.NotInScope, k.Link.LastFault, k.Link.LastMessage)}, nil
	}
	if o.Excluded != "" {
		return hub.Decision{Outcome: leftOut(o, k)}, nil
	}
	if s := k.Customer.Status; s != customer.Active && s != customer.Inactive {
		return hub.Decision{Outcome: standing(k, link.NotInScope, "", "")}, nil
	}
	o.Fields = o.Told(k.Base.Theirs)
	out, err := update(o, k, p, newID, now)
	if err != nil {
		return hub.Decision{}, err
	}
	if out.Action == merge.Unchanged {
		out.Action = merge.Agree // the link goes out of its worker's hands, which is written anyway
	}
	d := hub.Decision{Outcome: out}
	if out.Link.State != link.Due || out.Link.ExternalID == "" {
		return d, nil
	}
	messages := send(k, &out, o, p)
	if len(messages) == 0 {
		d.Outcome.Link.State, d.Outcome.Link.LastMessage, d.Outcome.Link.DueAt = link.InSync, "", time.Time{}
		return d, nil
	}
	if outgrows(messages[0], o) || k.Former.ID != "" && messages[0].Set[customer.FieldBusinessID] != "" {
		return succeeded(o, out, k, p), nil
	}
	d.Intent = intentOf(messages[0], &out, k.Source, newID)
	// It is in its worker's hands until the answer is there.
	d.Outcome.Link.State, d.Outcome.Link.DueAt = link.InProgress, time.Time{}
	return d, nil
}

// outgrows says whether a call would give a record another value of what the record stands for. A business ID that cannot be right is
// nobody else's.
func outgrows(m merge.Message, o merge.Observation) bool {
	return m.Part == "" && slices.ContainsFunc(o.Fixed, func(f customer.Field) bool {
		value := m.Set[f]
		return value != "" && (f != customer.FieldBusinessID || finnish.ValidBusinessID(value))
	})
}

// succeeded sets the record aside, for the hub to give the customer another one. What may be changed in the record is only a candidate,
// of which nothing is left when its customer has a record again that was there before (KYC contract section 7).
func succeeded(o merge.Observation, out merge.Outcome, k merge.Known, p Policy) hub.Decision {
	was := o.Fields[customer.FieldBusinessID]
	out.Link = merge.Outgrown(out.Link, was)
	fixed := slices.Contains(o.Fixed, customer.FieldBusinessID)
	if fixed && (o.KYC == nil || o.KYC.State != customer.KYCEnded) {
		out.Findings = append(out.Findings, merge.BusinessIDChanged(was, k.Customer.BusinessID, p.Name))
	}
	return hub.Decision{Outcome: out, Succeeded: true, Withdraw: !fixed}
}

// send gives the calls that are to be made for an outcome.
func send(k merge.Known, out *merge.Outcome, o merge.Observation, p Policy) []merge.Message {
	ours, policy, _ := p.side(k, &out.Customer, out.Parts, o.Kept, o.Fields)
	verdict := merge.Compare(ours, o.Fields, out.Base, policy)
	return verdict.Messages(ours, o.Fields, out.Base, out.Link.ExternalID == "")
}

// intentOf is the stored form of a message. An office that has no identifier gets one, by which it is found again when the
// answer is lost; it comes back into the hub as the system's value.
func intentOf(m merge.Message, out *merge.Outcome, from link.Source, newID merge.IDFunc) *link.Intent {
	if from.ExternalID != "" {
		m.Want = maps.Clone(m.Want)
		m.Want[link.SourceField(from.Kind)] = from.ExternalID
	}
	if k := out.Customer.KYC; m.Operation == link.Create && k != nil && (k.State == customer.KYCRemoved || k.State == customer.KYCNotSent) {
		// Nobody gets here but by an act of somebody who wants it back, or whose record was set aside.
		m.Want[link.Revive] = "true"
	}
	i := &link.Intent{
		ID: newID(), LinkID: out.Link.ID, Operation: m.Operation, Part: m.Part, Key: m.Key, PartID: m.PartID, Set: m.Set, Want: m.Want,
		Number: out.Customer.Number, BusinessID: out.Customer.BusinessID, Sends: 1,
	}
	if m.Operation == link.Create && m.Part == customer.PartOffice && m.Set["identifier"] == "" {
		i.Set["identifier"] = link.OfficeIdentifier(customer.OfficeID(m.PartID))
	}
	return i
}

// decideCreate makes the intent to create a record for a customer that has none.
func decideCreate(k merge.Known, p Policy, newID merge.IDFunc, _ time.Time) (hub.Decision, error) {
	if k.Customer.Status != customer.Active {
		return hub.Decision{Outcome: standing(k, link.NotInScope, "", "The customer became inactive before it had a record here.")}, nil
	}
	if why := p.Scope.Why(&k.Customer, k.Source); why != "" {
		out := standing(k, link.NotInScope, "", why)
		out.Link.DueAt = time.Time{}
		return hub.Decision{Outcome: out}, nil
	}
	out := standing(k, link.InProgress, "", "")
	messages := send(k, &out, merge.Observation{}, p)
	return hub.Decision{Outcome: out, Intent: intentOf(messages[0], &out, k.Source, newID)}, nil
}

// taken is what the system's answer to an intent tells.
type taken struct {
	// externalID is the record's, key the part's; key is empty where the call made none or the system did not say.
	externalID, key string
	record          merge.Observation
}

// decideTaken merges again after a call that the system took: what was sent is agreed in whatever form the system keeps it,
// and any other difference is somebody's edit and comes in (design section 5). What is still to be sent is due again.
func decideTaken(a taken, i link.Intent, k merge.Known, p Policy, newID merge.IDFunc, now time.Time) (hub.Decision, error) {
	k.Link.ExternalID = a.externalID
	key := i.Key
	if i.Operation == link.Create && i.Part != "" {
		if key = a.key; key == "" || a.record.Fields[customer.PartField(i.Part, key, customer.Present)] == "" {
			found := partsLike(i, a.record.Fields, k.Parts)
			if len(found) != 1 {
				return unclear(i, k, len(found), now), nil
			}
			key = found[0]
		}
		if !slices.ContainsFunc(k.Parts, func(l link.PartLink) bool { return l.Part == i.Part && l.ExternalID == key }) {
			k.Parts = append(slices.Clip(k.Parts), link.PartLink{Part: i.Part, ID: i.PartID, ExternalID: key, Made: true})
		}
	}
	sent := merge.Sent(&i, key, a.record.Fields)
	if i.Operation == link.Create && i.Part == customer.PartOffice && i.Want["identifier"] == "" {
		delete(sent, customer.PartField(i.Part, key, "identifier"))
	}
	if present := customer.PartField(i.Part, key, customer.Present); i.Operation == link.Remove && p.Ours(&k.Customer, k.Parts)[present] == "" {
		for f := range sent {
			sent[f] = "" // of what the customer has no more, nothing is left to be agreed on
		}
	}
	a.record.Fields = a.record.Told(sent) // what was taken and is not shown is believed
	k.Base = merge.Absorb(k.Base, sent, a.record.Fields)
	if i.Operation == link.Edit {
		k.Base.Disputes = merge.Sending(k.Base.Disputes, sent, now)
	}
	a.record.ExternalID = a.externalID
	// What was refused before does not keep back what was taken now.
	k.Link.State, k.Link.Attempt = link.InProgress, 0
	out, err := update(a.record, k, p, newID, now)
	if err != nil {
		return hub.Decision{}, err
	}
	if out.Action == merge.Unchanged {
		out.Action = merge.Agree
	}
	return hub.Decision{Outcome: out, Resolved: true, Taken: true}, nil
}

// unclear keeps an intent whose effect cannot be found: n parts of the record look like it. Several are for a person.
func unclear(i link.Intent, k merge.Known, n int, now time.Time) hub.Decision {
	if n == 0 {
		return undecided(i, k, now.Add(laneLongWait), fmt.Sprintf("The new %s does not show in the system yet; looking again.", i.Part))
	}
	d := undecided(i, k, now.Add(ambiguousAgain), fmt.Sprintf("%d %ss in the system fit what the hub made; a person has to say which.", n, i.Part))
	d.Outcome.Findings = append(d.Outcome.Findings, finding.Finding{
		Code: finding.CreateAmbiguous, Field: customer.Field(i.Part), Message: d.Pending.Trying,
	})
	return d
}

// ambiguousAgain is how long the hub waits before it looks again at what only a person can tell apart.
const ambiguousAgain = time.Hour

// undecided keeps an intent, says what the hub is doing to find out, and when it looks again (Promise 2, Promise 8).
func undecided(i link.Intent, k merge.Known, again time.Time, trying string) hub.Decision {
	i.Trying = trying
	out := standing(k, link.Uncertain, fault.Uncertain, trying)
	out.Link.Attempt++
	out.Link.DueAt = again
	return hub.Decision{Outcome: out, Pending: &i}
}

// standing leaves customer, base and parts as they are and says how the link stands.
func standing(k merge.Known, s link.State, code fault.Code, message string) merge.Outcome {
	l := k.Link
	l.State, l.LastFault, l.LastMessage = s, code, message
	return merge.Outcome{
		ExternalID: l.ExternalID, Action: merge.Agree, Customer: k.Customer, Link: l, Base: k.Base, Parts: k.Parts,
	}
}

// partsLike gives the keys of parts of the record that the hub does not know and that look like the one it made: an office by
// its identifier, a contact by its names and, where one was sent, its e-mail (design section 5).
func partsLike(i link.Intent, theirs customer.Fields, known []link.PartLink) []string {
	var out []string
	for f := range theirs {
		part, key, name, ok := f.PartKey()
		if !ok || part != i.Part || name != customer.Present {
			continue
		}
		if slices.ContainsFunc(known, func(l link.PartLink) bool { return l.Part == part && l.ExternalID == key }) || merge.ForKYC(theirs, key) && part == customer.PartContact {
			continue // the place for due diligence is written by its key, so the hub makes nobody there
		}
		like := []customer.Field{"identifier"}
		if part == customer.PartContact {
			like = []customer.Field{"firstName", "lastName", "emails"}
		}
		same := true
		for _, l := range like {
			if sent := i.Set[l]; sent != "" || l != "emails" {
				same = same && merge.Alike(sent, theirs[customer.PartField(part, key, string(l))])
			}
		}
		if same {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// arrived says whether a call whose answer was lost shows in the record: yes, or not (yet), which is all that can be told of
// values that the system does not tell.
func arrived(i link.Intent, o merge.Observation, k merge.Known, p Policy) (key string, yes bool) {
	o.Fields = o.Told(k.Base.Theirs) // what is not told has not changed, as far as one knows
	present := func(key string) bool {
		return o.Fields[customer.PartField(i.Part, key, customer.Present)] != ""
	}
	switch {
	case i.Operation == link.Create && i.Part != "":
		found := partsLike(i, o.Fields, k.Parts)
		if len(found) == 1 {
			return found[0], true
		}
		return "", false
	case i.Operation == link.Remove && i.Part == customer.PartContact:
		return i.Key, !present(i.Key)
	case i.Part != "" && !present(i.Key):
		return i.Key, true // the part is gone altogether
	}
	seen := false
	for f, value := range merge.Sent(&i, i.Key, o.Fields) {
		if i.Operation == link.Remove {
			if _, _, name, _ := f.PartKey(); name == "name" || name == "active" {
				continue
			}
			value = ""
		}
		if !p.Reads(f) {
			continue
		}
		seen = true
		if !merge.Alike(o.Fields[f], value) && o.Fields[f] == k.Base.Theirs[f] {
			return i.Key, false
		}
	}
	return i.Key, seen
}

// absorbed leaves of what was sent only what the record shows: where somebody changed the same value meanwhile, that is their
// edit and not ours.
func absorbed(i link.Intent, key string, o merge.Observation) link.Intent {
	set := make(customer.Fields, len(i.Set))
	for f, value := range i.Set {
		full := f
		if i.Part != "" {
			full = customer.PartField(i.Part, key, string(f))
		}
		if merge.Alike(o.Fields[full], value) {
			set[f] = value
		}
	}
	i.Set = set
	return i
}

// mayAdopt says whether an existing record is the customer's, as far as ours tells: empty when it is, and otherwise why not, in
// words for a person (R89, R92).
func mayAdopt(ours, theirs customer.Fields) string {
	number, id := theirs[customer.FieldNumber], theirs[customer.FieldBusinessID]
	switch merge.Identify(ours, theirs).Sameness {
	case merge.Same:
		return ""
	case merge.Proposal:
		return fmt.Sprintf("The system has a customer with the same business ID under another number (%s, here %s).", number, ours[customer.FieldNumber])
	}
	if ourID := ours[customer.FieldBusinessID]; ourID != "" && id != "" && ourID != id {
		return fmt.Sprintf("The system has a customer with the number %s and another business ID (%s, here %s).", number, id, ourID)
	}
	return fmt.Sprintf("The system has a customer with the number %s and another name.", number)
}

// stepOf is the call of an intent.
func stepOf(i link.Intent, externalID string) connector.Step {
	s := connector.Step{
		Record: externalID, Part: i.Part, Key: i.Key, Set: i.Set, Want: i.Want, Remove: i.Operation == link.Remove, Transaction: i.ID,
	}
	s.Source, s.Want = i.Source()
	s.Revive, s.Want = i.Revives(s.Want)
	return s
}
