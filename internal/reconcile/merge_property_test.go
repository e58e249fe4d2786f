package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"customerhub/internal/connector/connectortest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/link"
	"customerhub/internal/reconcile"
	"customerhub/internal/system"
)

// mergeWorld are two systems that the hub writes to.
type mergeWorld struct {
	*bundle
	fakes   map[system.ID]*connectortest.Fake
	systems []system.ID
	made    int // values and customers, so that each is another
}

func setupMergeWorld(t *testing.T) *mergeWorld {
	t.Helper()
	first, second := connectortest.NewFake(), connectortest.NewFake()
	for _, f := range []*connectortest.Fake{first, second} {
		f.SetWrites(func(customer.Field) bool { return true })
		f.SetLongestWrite(50 * time.Millisecond)
	}
	w := &mergeWorld{bundle: setupKind(t, first.Kind(system.Netvisor), second.Kind(system.Flex)), fakes: map[system.ID]*connectortest.Fake{}}
	w.worker = reconcile.NewWorker(w.hub, w.db.App, reconcile.Options{Kinds: w.kinds, Workers: 1, Backoff: []time.Duration{time.Millisecond}})
	w.viewer, w.system = w.start("Esimerkki Oy", nil, map[string]string{"key": "secret"})
	s, err := w.hub.CreateSystem(t.Context(), w.viewer, hub.CreateSystem{Kind: system.Flex}, "")
	w.must(err)
	_, err = w.hub.SetSystemCredentials(t.Context(), w.viewer, s.ID, map[string]string{"key": "secret"}, "")
	w.must(err)
	_, err = w.hub.CheckSystem(t.Context(), w.viewer, s.ID, "")
	w.must(err)
	w.all(w.worker)
	_, _, err = w.hub.StartSystem(t.Context(), w.viewer, s.ID, "")
	w.must(err)
	w.all(w.worker)
	w.fakes[w.system], w.fakes[s.ID], w.systems = first, second, []system.ID{w.system, s.ID}
	for _, id := range w.systems {
		w.mayWrite(id)
		_, err = w.hub.SetSystemPolicy(t.Context(), w.viewer, id, hub.SetPolicy{Flow: system.Flow{Direction: system.Both, Master: system.MasterSystem}}, "")
		w.must(err)
	}
	return w
}

// exchange works until no link is due.
func (w *mergeWorld) exchange() {
	w.Helper()
	for range 2000 {
		worked, err := w.worker.LinkOne(w.Context())
		w.must(err)
		if !worked {
			return
		}
	}
	w.Fatal("links are due for ever")
}

func (w *mergeWorld) look(full bool) {
	w.Helper()
	for _, id := range w.systems {
		_, err := w.hub.SyncNow(w.Context(), w.viewer, id, full, "")
		w.must(err)
		w.work(w.worker)
	}
	w.exchange()
}

func (w *mergeWorld) writes() (n int) {
	for _, f := range w.fakes {
		n += f.Count(connectortest.OpWrite)
	}
	return n
}

// standingMerge is a merge with what the two customers were before, and the kept one was right after it.
type standingMerge struct {
	id                customer.ID
	merge             hub.MergeID
	kept, merged, was customer.Fields
}

// mergeMachine does one thing after the other with a few customers, and knows what has to be theirs again.
type mergeMachine struct {
	*mergeWorld
	t         *rapid.T
	customers []customer.ID
	gone      map[customer.ID]customer.ID // who became part of whom
	merges    map[customer.ID][]standingMerge
	// aside is what records hold that are only read; strayed are values that came into being there.
	aside   map[record]customer.Fields
	strayed map[string]bool
}

type record struct {
	system system.ID
	id     string
}

func (m *mergeMachine) value(of string) string {
	m.made++
	switch of {
	case "email":
		return fmt.Sprintf("a%d@example.test", m.made)
	case "phone":
		return fmt.Sprintf("040 1%06d", m.made)
	}
	return fmt.Sprintf("%s %d", of, m.made)
}

// flat is everything that a customer has. A name that the hub gave an office to find it again is nobody's.
func (m *mergeMachine) flat(id customer.ID) customer.Fields {
	c := m.view(id)
	return c.Flatten(customer.HubKeys).Only(func(f customer.Field) bool {
		_, _, name, _ := f.PartKey()
		return name != "identifier" || !strings.HasPrefix(c.Flatten(customer.HubKeys)[f], "HUB-")
	})
}

func (m *mergeMachine) view(id customer.ID) hub.CustomerView {
	found, err := m.hub.CustomersByID(m.Context(), m.viewer, []customer.ID{id}, hub.IncludeAll)
	m.ok(err)
	return found[id]
}

func (m *mergeMachine) ok(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// inUse draws a customer that nobody merged away.
func (m *mergeMachine) inUse(label string) customer.ID {
	var out []customer.ID
	for _, id := range m.customers {
		if m.gone[id] == "" {
			out = append(out, id)
		}
	}
	return out[rapid.IntRange(0, len(out)-1).Draw(m.t, label)]
}

func (m *mergeMachine) edit() {
	f := rapid.SampledFrom([]customer.Field{"phone", "email", "nameExtension", "visitingAddress.line1", "visitingAddress.city", "deliveryAddress.city"}).Draw(m.t, "field")
	value := m.value(string(f))
	if rapid.Bool().Draw(m.t, "clear") {
		value = ""
	}
	_, err := m.hub.UpdateCustomer(m.Context(), m.viewer, m.inUse("edited"), nil, customer.Fields{f: value}, "")
	m.ok(err)
}

func (m *mergeMachine) editOffice() {
	c := m.view(m.inUse("of"))
	var office customer.OfficeID
	if n := len(c.Offices); n > 0 && rapid.Bool().Draw(m.t, "known") {
		office = c.Offices[rapid.IntRange(0, n-1).Draw(m.t, "office")].ID
	}
	patch := customer.Fields{"name": m.value("Toimipiste"), "phone": rapid.SampledFrom([]string{"", "09 1234567"}).Draw(m.t, "phone")}
	if office == "" {
		patch["identifier"] = rapid.SampledFrom([]string{"A", "B", "C"}).Draw(m.t, "identifier") + fmt.Sprint(len(c.Offices))
	}
	_, _, err := m.hub.UpsertOffice(m.Context(), m.viewer, c.ID, office, nil, patch, "")
	m.ok(err)
}

func (m *mergeMachine) editContact() {
	c := m.view(m.inUse("of"))
	in := hub.LinkContact{Customer: c.ID, Title: new(m.value("Titteli"))}
	switch other := m.view(m.inUse("known from")); {
	case len(other.Contacts) > 0 && rapid.Bool().Draw(m.t, "known"):
		in.Person = other.Contacts[0].Person.ID
	default:
		in.Fields = customer.Fields{"firstName": "Aino", "lastName": m.value("Malli"), "emails": m.value("email")}
	}
	if len(c.Offices) > 0 && rapid.Bool().Draw(m.t, "at an office") {
		in.Office = &c.Offices[0].ID
	}
	_, _, err := m.hub.LinkContact(m.Context(), m.viewer, in, "")
	m.ok(err)
}

func (m *mergeMachine) unlinkContact() {
	c := m.view(m.inUse("of"))
	for _, ct := range c.Contacts {
		if !ct.IsDefault {
			_, err := m.hub.UnlinkContact(m.Context(), m.viewer, c.ID, ct.Person.ID, nil, "")
			m.ok(err)
			return
		}
	}
}

// editThere changes a record in a system, which may be one that is only read.
func (m *mergeMachine) editThere() {
	c := m.view(m.inUse("there"))
	if len(c.Links) == 0 {
		return
	}
	at := rapid.IntRange(0, len(c.Links)-1).Draw(m.t, "record")
	if aside := slices.IndexFunc(c.Links, func(l hub.LinkView) bool { return !l.Primary }); aside >= 0 && rapid.Bool().Draw(m.t, "aside") {
		at = aside
	}
	l := c.Links[at]
	if l.ExternalID != "" && l.State != link.Uncertain {
		f, r := rapid.SampledFrom([]customer.Field{"phone", "email"}).Draw(m.t, "field"), record{l.SystemID, l.ExternalID}
		value := m.value(string(f))
		m.fakes[r.system].Set(r.id, customer.Fields{f: value})
		if m.aside[r] != nil {
			m.aside[r][f], m.strayed[value] = value, true
		}
	}
}

// noteAside notes which records are only read, and what they hold.
func (m *mergeMachine) noteAside() {
	before := m.aside
	m.aside = make(map[record]customer.Fields)
	for _, id := range m.customers {
		for _, l := range m.view(id).Links {
			if r := (record{l.SystemID, l.ExternalID}); !l.Primary {
				if m.aside[r] = before[r]; m.aside[r] == nil {
					m.aside[r], _ = m.fakes[r.system].Fields(r.id)
				}
			}
		}
	}
	if len(m.aside) == 0 {
		m.strayed = make(map[string]bool)
	}
}

// checkAside holds records that are only read to it: nothing is written there, and nothing of them comes in.
func (m *mergeMachine) checkAside() {
	for r, want := range m.aside {
		if got, _ := m.fakes[r.system].Fields(r.id); !got.Equal(want) {
			m.t.Fatalf("record %s is only read and was written: %v", r.id, customer.Diff(want, got))
		}
	}
	for _, id := range m.customers {
		for f, value := range m.flat(id) {
			if m.strayed[value] && m.gone[id] == "" && len(m.aside) > 0 {
				m.t.Fatalf("%s is %q, which came from a record that is only read", f, value)
			}
		}
	}
}

func (m *mergeMachine) merge() {
	keep, other := m.inUse("keep"), m.inUse("merge")
	if keep == other {
		return
	}
	s := standingMerge{id: other, kept: m.flat(keep), merged: m.flat(other)}
	in := hub.MergeCustomers{Keep: keep, Merge: other, DryRun: true}
	dry, err := m.hub.MergeCustomers(m.Context(), m.viewer, in, "")
	m.ok(err)
	in.DryRun = false
	done, err := m.hub.MergeCustomers(m.Context(), m.viewer, in, "")
	m.ok(err)
	s.merge, s.was = done.ID, m.flat(keep)
	done.ID = ""
	if fmt.Sprint(dry) != fmt.Sprint(done) {
		m.t.Fatalf("the dry run said\n%v\nand done was\n%v", dry, done)
	}
	m.gone[other], m.merges[keep] = keep, append(m.merges[keep], s)
	m.noteAside()
}

// unmerge takes the newest merge of a customer back.
func (m *mergeMachine) unmerge() {
	var can []customer.ID
	for _, id := range m.customers {
		if m.gone[id] == "" && len(m.merges[id]) > 0 {
			can = append(can, id)
		}
	}
	if len(can) == 0 {
		return
	}
	keep := can[rapid.IntRange(0, len(can)-1).Draw(m.t, "unmerged")]
	last := len(m.merges[keep]) - 1
	s := m.merges[keep][last]
	now := m.flat(keep)
	in := hub.UnmergeCustomers{Merge: s.merge, DryRun: true}
	dry, err := m.hub.UnmergeCustomers(m.Context(), m.viewer, in, "")
	m.ok(err)
	in.DryRun = false
	done, err := m.hub.UnmergeCustomers(m.Context(), m.viewer, in, "")
	m.ok(err)
	if fmt.Sprint(dry) != fmt.Sprint(done) {
		m.t.Fatalf("the dry run said\n%v\nand done was\n%v", dry, done)
	}
	m.merges[keep] = m.merges[keep][:last]
	delete(m.gone, s.id)
	m.noteAside()
	m.strayed = make(map[string]bool) // of what came back, values may come in now
	m.check(s, now, m.flat(keep), m.flat(s.id))
	listed := make(map[customer.Field]bool)
	for _, e := range done.Edits {
		listed[e.Field] = true
	}
	for _, d := range customer.Diff(s.was, now) {
		if _, _, name, ok := d.Field.PartKey(); !listed[d.Field] && (!ok || name != customer.Present) {
			m.t.Fatalf("%s was edited from %q to %q and is not listed", d.Field, d.Before, d.After)
		}
	}
}

// follows are fields of contacts that other values decide: who is the default where that one went, and where an office went.
func follows(f customer.Field) bool {
	part, _, name, _ := f.PartKey()
	return part == customer.PartContact && (name == "default" || name == "office")
}

// check holds both customers to it: what nobody edited is with its owner again, as it was.
func (m *mergeMachine) check(s standingMerge, now, kept, merged customer.Fields) {
	present := func(fs customer.Fields, f customer.Field) bool {
		part, key, _, ok := f.PartKey()
		return !ok || part == customer.PartCustom || fs[customer.PartField(part, key, customer.Present)] != ""
	}
	all := make(customer.Fields)
	for _, fs := range []customer.Fields{s.kept, s.merged, s.was, now, kept, merged} {
		for f := range fs {
			all[f] = ""
		}
	}
	edited := make(map[customer.Group]bool)
	for f := range all {
		edited[f.Group()] = edited[f.Group()] || s.was[f] != now[f]
	}
	for f := range all {
		_, _, _, ofPart := f.PartKey()
		came := ofPart && present(s.was, f) && !present(s.kept, f)
		if want := s.merged[f]; !follows(f) {
			if came && present(now, f) && s.was[f] != now[f] {
				want = now[f] // an edit of a part goes with it
			}
			if _, _, name, _ := f.PartKey(); ofPart && isPersons(name) && present(merged, f) {
				want = merged[f] // persons are what they are, whoever has them
			}
			if merged[f] != want {
				m.t.Fatalf("%s of the merged customer is %q, want %q", f, merged[f], want)
			}
		}
		want := s.kept[f]
		switch {
		case came:
			want = ""
		case s.kept[f] == s.was[f] || edited[f.Group()]:
			want = now[f]
		}
		if _, _, name, _ := f.PartKey(); ofPart && isPersons(name) && present(kept, f) {
			want = kept[f]
		}
		if kept[f] != want && !follows(f) {
			m.t.Fatalf("%s of the kept customer is %q, want %q (before %q, by the merge %q, edited to %q)", f, kept[f], want, s.kept[f], s.was[f], now[f])
		}
	}
}

func isPersons(name string) bool {
	switch name {
	case "firstName", "lastName", "language", "emails", "phones":
		return true
	}
	return false
}

// TestT32_MergesAreTakenBack does random things with customers that are linked with two systems, and takes all merges back in the end.
func TestT32_MergesAreTakenBack(t *testing.T) {
	t.Parallel()
	w := setupMergeWorld(t)
	left, failed := 40, false // each takes long, so there are fewer than of other properties; a failure is looked into to its end
	rapid.Check(t, func(rt *rapid.T) {
		if left--; left < 0 && !failed {
			return
		}
		defer func() { failed = failed || rt.Failed() }()
		m := &mergeMachine{mergeWorld: w, t: rt, gone: map[customer.ID]customer.ID{}, merges: map[customer.ID][]standingMerge{}, strayed: map[string]bool{}}
		for range 3 {
			w.made++
			c, err := w.hub.CreateCustomer(t.Context(), w.viewer, customer.Fields{"name": fmt.Sprintf("Asiakas %d Oy", w.made), "number": fmt.Sprint(10_000 + w.made), "kind": "COMPANY"}, "")
			m.ok(err)
			m.customers = append(m.customers, c.ID)
			if rapid.Bool().Draw(rt, "in one system only") {
				w.owner(`DELETE FROM link WHERE customer_id = $1 AND system_id = $2`, string(c.ID), string(w.systems[rapid.IntRange(0, 1).Draw(rt, "without")]))
			}
		}
		if rapid.IntRange(0, 3).Draw(rt, "known there") > 0 {
			w.exchange()
		}
		acts := map[string]func(){
			"edit": m.edit, "editOffice": m.editOffice, "editContact": m.editContact, "unlinkContact": m.unlinkContact, "editThere": m.editThere,
			"merge": m.merge, "unmerge": m.unmerge, "poll": func() { w.look(false) },
			"stray": func() { m.editThere(); w.look(false) },
		}
		names := []string{"edit", "edit", "editOffice", "editContact", "unlinkContact", "editThere", "stray", "stray", "stray", "merge", "merge", "merge", "unmerge", "poll"}
		for range rapid.IntRange(6, 12).Draw(rt, "how many") {
			acts[names[rapid.IntRange(0, len(names)-1).Draw(rt, "act")]]()
			m.checkAside()
		}
		for len(m.gone) > 0 {
			m.unmerge()
		}
		w.look(false)
		for _, id := range m.customers {
			c := m.view(id)
			for _, l := range c.Links {
				if l.State != link.InSync && l.LastFault != fault.Unsupported {
					rt.Fatalf("the link with %s is %s: %s", l.System.Kind, l.State, l.LastMessage)
				}
				there, _ := w.fakes[l.SystemID].Fields(l.ExternalID)
				for _, f := range []customer.Field{"name", "number", "phone", "email", "nameExtension", "visitingAddress.city"} {
					if ours := m.flat(id); there[f] != ours[f] {
						rt.Fatalf("%s is %q here and %q in %s", f, ours[f], there[f], l.System.Kind)
					}
				}
			}
		}
	})
	w.look(true)
	writes := w.writes()
	w.look(true)
	if n := w.writes(); n != writes {
		t.Errorf("Promise 3: %d calls after agreement", n-writes)
	}
}
