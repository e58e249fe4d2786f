package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/run"
)

// undoing does random things to a few customers that are linked with a system, on both sides.
type undoing struct {
	*bundle
	t *rapid.T
}

func (u *undoing) ok(err error) {
	if err != nil {
		u.t.Fatal(err)
	}
}

func (u *undoing) one(name string) string {
	return fmt.Sprint(rapid.IntRange(1, 3).Draw(u.t, name))
}

func (u *undoing) word() string {
	return rapid.SampledFrom([]string{"", "Yksi", "Kaksi", "Kolme"}).Draw(u.t, "word")
}

// there is somebody's edit in the system.
func (u *undoing) there() {
	id, contact := u.one("record"), u.one("contact")
	key := func(name string) customer.Field { return customer.PartField(customer.PartContact, contact, name) }
	office := customer.PartField(customer.PartOffice, id, "phone")
	switch rapid.IntRange(0, 5).Draw(u.t, "what there") {
	case 0:
		u.fake.Set(id, customer.Fields{"name": "Nimi " + u.word(), "nameExtension": u.word()})
	case 1:
		u.fake.Set(id, customer.Fields{rapid.SampledFrom([]customer.Field{"billingAddress.line1", "billingAddress.city"}).Draw(u.t, "part"): u.word()})
	case 2:
		u.fake.Set(id, customer.Fields{office: u.word()})
	case 3: // a contact goes
		fields, _ := u.fake.Fields(id)
		u.fake.Put(id, fields.Only(func(f customer.Field) bool {
			part, k, _, ok := f.PartKey()
			return !ok || part != customer.PartContact || k != contact
		}))
	case 4: // comes, or is another
		u.fake.Set(id, customer.Fields{key(customer.Present): "true", key("lastName"): "Aalto " + u.word(), key("title"): u.word(), key("roles"): "GENERAL"})
	case 5:
		u.fake.Set(id, customer.Fields{"number": "N" + id + u.word()})
	}
}

// here is somebody's edit in the hub.
func (u *undoing) here() {
	c := u.find(u.one("customer"))
	field := rapid.SampledFrom([]customer.Field{"name", "nameExtension", "billingAddress.city"}).Draw(u.t, "field")
	value := u.word()
	if field == "name" {
		value = "Oma " + value
	}
	if len(c.Contacts) > 0 && rapid.IntRange(0, 2).Draw(u.t, "a contact") == 0 {
		person := c.Contacts[rapid.IntRange(0, len(c.Contacts)-1).Draw(u.t, "whom")].Person.ID
		_, err := u.hub.UpdatePerson(u.T.Context(), u.viewer, person, customer.Fields{"firstName": u.word()}, "")
		u.ok(err)
		return
	}
	_, err := u.hub.UpdateCustomer(u.T.Context(), u.viewer, c.ID, nil, customer.Fields{field: value}, "")
	u.ok(err)
}

// everything is what the hub holds of the customers.
func (u *undoing) everything() map[customer.ID]customer.Fields {
	out := make(map[customer.ID]customer.Fields)
	for i := 1; i <= 3; i++ {
		c := u.find(fmt.Sprint(i))
		out[c.ID] = c.Flatten(customer.HubKeys)
	}
	return out
}

// TestUndoneRunsLeaveNothingBehind takes random pulls back: each value is what it was before the run, or is listed as kept with a reason;
// what the run did not touch is as it was.
func TestUndoneRunsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(3)
	b.imported()
	returned, kept := 0, 0
	left, failed := 50, false // each takes long, so there are fewer than of other properties; a failure is looked into to its end
	rapid.Check(t, func(rt *rapid.T) {
		if left--; left < 0 && !failed {
			return
		}
		defer func() { failed = failed || rt.Failed() }()
		u := &undoing{b, rt}
		for range rapid.IntRange(0, 2).Draw(rt, "edits before") {
			u.here()
		}
		before := u.everything()
		for range rapid.IntRange(1, 5).Draw(rt, "edits there") {
			u.there()
		}
		mistake := b.sync(rapid.Bool().Draw(rt, "full"))
		if mistake.State != run.Succeeded {
			rt.Fatalf("%+v", mistake)
		}
		made := u.everything()
		for range rapid.IntRange(0, 6).Draw(rt, "edits since") {
			u.here()
		}
		since := u.everything()
		b.undo(mistake.ID, true)
		done := b.undo(mistake.ID, false)
		items := b.undone(done.ID)
		after := u.everything()
		for id, then := range before {
			fields := maps.Clone(then)
			maps.Copy(fields, made[id])
			maps.Copy(fields, since[id])
			for _, f := range fields.Sorted() {
				at := slices.IndexFunc(items, func(i run.UndoItem) bool {
					part, key, _, ok := f.PartKey()
					return i.CustomerID == id && (i.Field == f || ok && i.Field == customer.PartField(part, key, customer.Present))
				})
				_, _, name, ofPart := f.PartKey()
				switch now := after[id][f]; {
				case made[id][f] == then[f]: // the run left it as it was
					if at < 0 && now != since[id][f] && (!ofPart || name != "default") {
						rt.Fatalf("%s was not the run's and became %q, not %q", f, now, since[id][f])
					}
				case at < 0:
					rt.Fatalf("%s went from %q to %q and is not listed: %v", f, then[f], made[id][f], told(items))
				case items[at].Verdict == run.Returns:
					if returned++; now != then[f] && items[at].Field == f {
						rt.Fatalf("%s is %q, was %q before the run and is listed as returned", f, now, then[f])
					}
					if items[at].Field == f && since[id][f] != made[id][f] {
						rt.Fatalf("%s was %q since, which was taken back", f, since[id][f])
					}
				case items[at].Says() == "" || now != since[id][f]:
					rt.Fatalf("%s became %q, not %q: %v", f, now, since[id][f], items[at])
				default:
					kept++
				}
			}
		}
		rows := b.versions()
		b.undo(mistake.ID, false)
		if b.versions() != rows {
			rt.Fatal("a second undo wrote")
		}
	})
	t.Logf("%d values returned, %d kept", returned, kept)
	if returned < 50 || kept < 3 {
		t.Error("it hardly did anything")
	}
}

// TestWhoMayUndo holds who may take a run back, and which.
func TestWhoMayUndo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(1)
	r := b.imported()
	ask := func(v func(*hub.UndoRun), who func(*bundle)) error {
		in := hub.UndoRun{Run: r.ID, DryRun: true}
		v(&in)
		as := *b
		who(&as)
		_, err := b.hub.UndoRun(t.Context(), as.viewer, in, "")
		return err
	}
	same := func(*hub.UndoRun) {}
	others := slices.DeleteFunc(slices.Clone(auth.Scopes), func(s auth.Scope) bool { return s == auth.SystemsManage || s == auth.Admin })
	refusedAs(t, ask(same, func(b *bundle) { b.viewer.Scopes = others }), "FORBIDDEN")
	other, err := b.hub.CreateOrganisation(t.Context(), "Toinen Oy")
	b.must(err)
	refusedAs(t, ask(same, func(b *bundle) { b.viewer.Organisation = other }), "NOT_FOUND")
	owner := func(*bundle) {}
	refusedAs(t, ask(func(in *hub.UndoRun) { in.DryRun = false }, owner), "REQUIRED")
	refusedAs(t, ask(func(in *hub.UndoRun) { in.DryRun, in.Reason = false, "Henkilö 131052-308T" }, owner), "PERSONAL_IDENTITY_CODE_NOT_ALLOWED")
	refusedAs(t, ask(func(in *hub.UndoRun) { in.DryRun, in.Reason = false, "A mistake." }, owner), "DRY_RUN_MISSING")
	refusedAs(t, ask(func(in *hub.UndoRun) { in.Run = "x" }, owner), "NOT_FOUND")
	first := b.undo(r.ID, true)
	b.undo(r.ID, true)
	refusedAs(t, ask(func(in *hub.UndoRun) { in.DryRun, in.Reason, in.Expected = false, "A mistake.", first.ID }, owner), "DRY_RUN_OUTDATED")
	b.must(ask(same, owner))
	refusedAs(t, ask(same, owner), "RUN_IN_PROGRESS")
	refusedAs(t, ask(func(in *hub.UndoRun) { in.Run = b.lastRun().ID }, owner), "RUN_NOT_ENDED")
	items, err := b.hub.UndoItems(t.Context(), b.viewer, first.ID, run.TakenOut, nil, "")
	b.must(err)
	if len(items.Items) != 1 {
		t.Errorf("%+v", items)
	}
	stranger := b.viewer
	stranger.Organisation = other
	if items, err = b.hub.UndoItems(t.Context(), stranger, first.ID, "", nil, ""); err != nil || len(items.Items) > 0 {
		t.Errorf("Promise 7: another organisation sees %+v, %v", items, err)
	}
}
