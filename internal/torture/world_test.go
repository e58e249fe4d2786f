package torture

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/connector"
	hubflex "customerhub/internal/connector/flex"
	hubnetvisor "customerhub/internal/connector/netvisor"
	hubkyc "customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/inbound"
	"customerhub/internal/link"
	"customerhub/internal/outbound"
	"customerhub/internal/pgtest"
	"customerhub/internal/reconcile"
	"customerhub/internal/run"
	"customerhub/internal/sandbox/netvisor"
	"customerhub/internal/secret"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// bench is a hub over a database, in which seeds run one after the other.
type bench struct {
	db     *pgtest.DB
	hub    *hub.Hub
	worker *reconcile.Worker
	// pushed is where systems send their messages.
	pushed   *httptest.Server
	receiver *inbound.Receiver
}

func (b *bench) close() {
	b.pushed.Close()
	b.receiver.Close()
}

// wrongly makes the connections of a kind of system write in a way that is known to be wrong.
type wrongly map[system.Kind]func(connector.Connection) connector.Connection

// of is a kind as it is, or with connections that write wrongly.
func (w wrongly) of(kind connector.Kind) connector.Kind {
	open, wrong := kind.Open, w[kind.Kind]
	if wrong == nil {
		return kind
	}
	kind.Open = func(c connector.Config) (connector.Connection, error) {
		conn, err := open(c)
		if err != nil {
			return nil, err
		}
		return wrong(conn), nil
	}
	return kind
}

func newBench(db *pgtest.DB, wrong wrongly) (*bench, error) {
	keyset, err := secret.Generate()
	if err != nil {
		return nil, err
	}
	kind, duly, field := wrong.of(hubnetvisor.Kind()), hubkyc.Kind(), wrong.of(hubflex.Kind())
	kind.PollEvery, duly.PollEvery, field.PollEvery = time.Hour, time.Hour, time.Hour
	kinds := map[system.Kind]connector.Kind{kind.Kind: kind, duly.Kind: duly, field.Kind: field}
	b := &bench{db: db}
	mux := http.NewServeMux()
	b.pushed = httptest.NewServer(mux)
	b.hub = hub.New(db.App, hub.Options{Keyset: keyset, Kinds: reconcile.Specs(kinds), PublicURL: b.pushed.URL})
	b.receiver = inbound.New(inbound.Options{Hub: b.hub, Kinds: kinds, Log: slog.New(slog.DiscardHandler)})
	mux.Handle(inbound.Pattern, b.receiver)
	b.worker = reconcile.NewWorker(b.hub, db.App, reconcile.Options{
		Kinds: kinds, Client: outbound.Client(outbound.Options{}),
		Backoff: []time.Duration{2 * time.Millisecond, 5 * time.Millisecond}, LongestWrite: 40 * time.Millisecond, Lease: 600 * time.Millisecond,
	})
	return b, nil
}

// world is one seed: an organisation, its Netvisor, and what was done so far.
type world struct {
	*bench
	seed     uint64
	random   *rand.Rand
	netvisor *netvisor.Sandbox
	viewer   auth.Viewer
	system   system.ID
	evidence Evidence
	made     int // names of what was made are numbered
	injected int // faults and cancelled calls
	contacts []contact
	// kyc is the due-diligence service; nil in each second seed.
	kyc *diligence
	// flex is the field service system; nil in two seeds of three. sent is what was sent to Netvisor, entered what people entered in the hub
	// beside the edits of Fields, and here are the customers that they made there.
	flex    *fieldwork
	sent    *recorder
	entered []string
	here    map[customer.ID]bool
	// patience bounds how long links are waited for.
	patience time.Duration
}

type contact struct {
	customer customer.ID
	person   customer.PersonID
}

// run runs a seed to its verdict.
func (b *bench) run(ctx context.Context, seed uint64, actions int) (w *world, v *Verdict, err error) {
	w = &world{bench: b, seed: seed, random: rand.New(rand.NewPCG(seed, 17)), here: make(map[customer.ID]bool), patience: patience}
	o := netvisor.Options{Customers: 3 + w.random.IntN(3), Seed: seed, Responsibility: withKYC(seed)}
	if w.random.IntN(2) == 0 {
		o.Normalise = netvisor.Normalisations
	}
	if w.netvisor, err = netvisor.New(o); err != nil {
		return w, nil, err
	}
	w.sent = &recorder{Handler: w.netvisor}
	server := httptest.NewServer(w.sent)
	defer server.Close()
	if withFlex(seed) {
		if err := w.named(); err != nil {
			return w, nil, err
		}
	}
	if err := w.connect(ctx, server.URL); err != nil {
		return w, nil, fmt.Errorf("connecting: %w", err)
	}
	if withKYC(seed) {
		if err := w.beside(ctx); err != nil {
			return w, nil, fmt.Errorf("connecting KYC: %w", err)
		}
		defer w.kyc.close()
	}
	w.evidence.Before, w.evidence.Deletions = w.theirs(), make(map[int64]bool)
	if withFlex(seed) {
		if err := w.besideFlex(ctx); err != nil {
			return w, nil, fmt.Errorf("connecting Flex: %w", err)
		}
		defer w.flex.close()
		actions += actions / 2
	}
	for range actions {
		if err := w.act(ctx); err != nil {
			return w, nil, err
		}
	}
	if err := w.finish(ctx); err != nil {
		return w, nil, err
	}
	return w, Audit(w.evidence), nil
}

func (w *world) connect(ctx context.Context, url string) error {
	org, err := w.hub.CreateOrganisation(ctx, fmt.Sprintf("Seed %d", w.seed))
	if err != nil {
		return err
	}
	w.viewer = auth.Operator(org)
	c, _ := w.netvisor.Credentials("")
	settings := map[string]string{hubnetvisor.BaseURL: url, hubnetvisor.OrganisationID: c.OrganisationID}
	if withKYC(w.seed) {
		settings[hubnetvisor.ResponsibilityResource] = "customerresponsibility.nv"
	}
	s, err := w.hub.CreateSystem(ctx, w.viewer, hub.CreateSystem{
		Kind: system.Netvisor, Settings: settings,
	}, "")
	if err != nil {
		return err
	}
	w.system = s.ID
	if _, err := w.hub.SetSystemCredentials(ctx, w.viewer, s.ID, map[string]string{
		hubnetvisor.CustomerID: c.CustomerID, hubnetvisor.CustomerKey: c.CustomerKey,
		hubnetvisor.PartnerID: c.PartnerID, hubnetvisor.PartnerKey: c.PartnerKey,
	}, ""); err != nil {
		return err
	}
	return w.takeIntoUse(ctx, s.ID)
}

// takeIntoUse checks a system, and approves and applies the plan of its first run.
func (w *world) takeIntoUse(ctx context.Context, id system.ID) error {
	if _, err := w.hub.CheckSystem(ctx, w.viewer, id, ""); err != nil {
		return err
	}
	if _, err := w.worker.RunOne(ctx); err != nil {
		return err
	}
	plan, err := w.plan(ctx, id)
	if err != nil {
		return err
	}
	if _, err := w.hub.ApprovePlan(ctx, w.viewer, plan, "", ""); err != nil {
		return err
	}
	if _, _, err := w.hub.ApplyPlan(ctx, w.viewer, plan, ""); err != nil {
		return err
	}
	_, err = w.worker.RunOne(ctx)
	return err
}

// plan makes the plan of a first run that writes. One that a busy machine made fail is made again.
func (w *world) plan(ctx context.Context, id system.ID) (run.ID, error) {
	for try := 1; ; try++ {
		made, _, err := w.hub.PlanSystem(ctx, w.viewer, id, hub.PlanSystem{Mode: run.Merge}, "")
		if err != nil {
			return "", err
		}
		if _, err := w.worker.RunOne(ctx); err != nil {
			return "", err
		}
		found, err := w.hub.PlansByID(ctx, w.viewer, []run.ID{made.ID})
		if err != nil || found[made.ID].State == run.PlanReady {
			return made.ID, err
		}
		if try == 5 {
			return "", fmt.Errorf("the plan is %s", found[made.ID].State)
		}
	}
}

// keys are the customers of Netvisor but TEMP.
func (w *world) keys() (out []int64) {
	for c := range w.netvisor.Customers("") {
		if c.Get("code") != "TEMP" {
			out = append(out, c.Key())
		}
	}
	slices.Sort(out)
	return out
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// value is a new value for a field, never the same twice.
func (w *world) value(f Field) string {
	w.made++
	switch f.Hub {
	case "email":
		return fmt.Sprintf("osoite%d@example.test", w.made)
	case "phone":
		return fmt.Sprintf("+35840%07d", w.made)
	}
	return fmt.Sprintf("Arvo %d Ab", w.made)
}

// ours finds the customer of a Netvisor key in the hub; nil when it has none yet.
func (w *world) ours(ctx context.Context, key int64) (*hub.CustomerView, error) {
	return w.hub.Customer(ctx, w.viewer, hub.CustomerLookup{System: w.system, ExternalID: strconv.FormatInt(key, 10)}, hub.IncludeAll)
}

// actions are what may happen next, each as often as it is likely.
var actions = []func(*world, context.Context) error{
	(*world).editHere, (*world).editHere, (*world).editHere, (*world).editThere, (*world).editThere, (*world).create, (*world).office,
	(*world).contact, (*world).unlink, (*world).erase, (*world).break_, (*world).break_, (*world).poll, (*world).sweep, (*world).hint,
	(*world).step, (*world).step, (*world).step, (*world).cutStep,
}

func (w *world) act(ctx context.Context) error {
	if w.kyc != nil && w.random.IntN(3) == 0 {
		return pick(w.random, diligentActions)(w, ctx)
	}
	if w.flex != nil && w.random.IntN(5) < 3 {
		return pick(w.random, fieldActions)(w, ctx)
	}
	return pick(w.random, actions)(w, ctx)
}

func (w *world) editHere(ctx context.Context) error {
	key, f := pick(w.random, w.keys()), pick(w.random, Fields)
	c, err := w.ours(ctx, key)
	if err != nil || c == nil {
		return err
	}
	value := w.value(f)
	if _, err := w.hub.UpdateCustomer(ctx, w.viewer, c.ID, nil, customer.Fields{customer.Field(f.Hub): value}, ""); err != nil {
		return nil //nolint:nilerr // what is refused was not acknowledged
	}
	w.evidence.Edits = append(w.evidence.Edits, Edit{Customer: key, Field: f.Hub, Value: value, InHub: true})
	return nil
}

func (w *world) editThere(context.Context) error {
	key, f := pick(w.random, w.keys()), pick(w.random, Fields)
	value := w.value(f)
	element := f.Card[len("CustomerBaseInformation/"):]
	if f.Hub == "deliveryAddress.city" {
		element = "DeliveryCity"
	}
	if err := w.netvisor.Edit("", key, func(c *netvisor.Customer) error { return c.Set(element, value) }); err != nil {
		return err
	}
	w.evidence.Edits = append(w.evidence.Edits, Edit{Customer: key, Field: f.Hub, Value: value})
	return nil
}

func (w *world) create(ctx context.Context) error {
	w.made++
	name := fmt.Sprintf("Luotu %d Oy", w.made)
	fields := customer.Fields{"name": name}
	if w.random.IntN(2) == 0 {
		fields["number"] = fmt.Sprintf("8%05d", w.made)
	}
	c, err := w.hub.CreateCustomer(ctx, w.viewer, fields, "")
	if err != nil {
		return err
	}
	w.here[c.ID] = true
	w.evidence.Created = append(w.evidence.Created, name)
	w.entered = append(w.entered, name, fields["number"])
	return nil
}

func (w *world) office(ctx context.Context) error {
	key := pick(w.random, w.keys())
	c, err := w.ours(ctx, key)
	if err != nil || c == nil {
		return err
	}
	w.made++
	id, name := customer.OfficeID(""), fmt.Sprintf("Toimipiste %d", w.made)
	if len(c.Offices) > 0 && w.random.IntN(2) == 0 {
		id = pick(w.random, c.Offices).ID
	}
	w.entered = append(w.entered, name, "Katu 1", "Lahti")
	if _, _, err := w.hub.UpsertOffice(ctx, w.viewer, c.ID, id, nil, customer.Fields{"name": name, "address.line1": "Katu 1", "address.city": "Lahti"}, ""); err == nil {
		w.evidence.Edits = append(w.evidence.Edits, Edit{Customer: key, Field: "visitingAddress.line1", Value: "Katu 1", InHub: true})
	}
	return nil // what is refused was not acknowledged
}

func (w *world) contact(ctx context.Context) error {
	c, err := w.ours(ctx, pick(w.random, w.keys()))
	if err != nil || c == nil {
		return err
	}
	w.made++
	_, person, err := w.hub.LinkContact(ctx, w.viewer, hub.LinkContact{Customer: c.ID, Fields: customer.Fields{
		"firstName": "Aino", "lastName": fmt.Sprintf("Malli%d", w.made), "emails": fmt.Sprintf("aino%d@example.test", w.made),
	}}, "")
	w.entered = append(w.entered, fmt.Sprintf("Aino Malli%d aino%d@example.test", w.made, w.made))
	if err == nil {
		w.contacts = append(w.contacts, contact{c.ID, person})
	}
	return nil
}

func (w *world) unlink(ctx context.Context) error {
	if len(w.contacts) > 0 {
		at := w.random.IntN(len(w.contacts))
		_, _ = w.hub.UnlinkContact(ctx, w.viewer, w.contacts[at].customer, w.contacts[at].person, nil, "")
	}
	return nil
}

// erase is an operator who has a record deleted in Netvisor, which refuses it where there are invoices.
func (w *world) erase(ctx context.Context) error {
	keys := w.keys()
	key := pick(w.random, keys)
	c, err := w.ours(ctx, key)
	if err != nil || c == nil || len(keys) < 3 { // some customers are left for the others
		return err
	}
	invoiced := w.random.IntN(3) == 0
	if err := w.netvisor.Edit("", key, func(c *netvisor.Customer) error { c.SetHasInvoices(invoiced); return nil }); err != nil {
		return err
	}
	asked := hub.DeleteRecord{Customer: c.ID, System: w.system, By: "Aino Malli", Reason: "Kahteen kertaan"}
	if _, err := w.hub.AskDeletion(ctx, w.viewer, asked); err == nil { // what is refused was not asked for
		w.evidence.Deletions[key] = false
	}
	return nil
}

// break_ sets the fault dial for the next call or two.
func (w *world) break_(context.Context) error {
	w.injected++
	f := pick(w.random, []netvisor.Fault{
		{Kind: netvisor.FaultLostAnswer}, {Kind: netvisor.FaultLostRequest}, {Kind: netvisor.FaultStatus, Status: 503},
		{Kind: netvisor.FaultStatus, Status: 502, AfterCommit: true}, {Kind: netvisor.FaultTruncate, At: 80}, {Kind: netvisor.FaultTruncate, Fraction: 0.7, CleanEnd: true},
		{Kind: netvisor.FaultGarbage, Variant: netvisor.GarbageLoginPage, AfterCommit: true}, {Kind: netvisor.FaultGarbage, Variant: netvisor.GarbageEmpty},
		{Kind: netvisor.FaultMaintenance}, {Kind: netvisor.FaultOverlap}, {Kind: netvisor.FaultSlowCommit, Delay: netvisor.Duration(8 * time.Millisecond)},
		{Kind: netvisor.FaultSlowAnswer, Delay: netvisor.Duration(8 * time.Millisecond)}, {Kind: netvisor.FaultFailure, Category: "TECHNICAL_ERROR"},
	})
	f.Resource = pick(w.random, []string{"customer.nv", "customer.nv", "office.nv", "contactperson.nv", "deletecustomer.nv", "getcustomer.nv", "customerlist.nv"})
	f.Times = 1 + w.random.IntN(2)
	_, err := w.netvisor.Fault(f)
	return err
}

func (w *world) poll(ctx context.Context) error  { return w.sync(ctx, false) }
func (w *world) sweep(ctx context.Context) error { return w.sync(ctx, true) }

func (w *world) sync(ctx context.Context, full bool) error { return w.syncOne(ctx, w.system, full) }

func (w *world) syncOne(ctx context.Context, id system.ID, full bool) error {
	if _, err := w.hub.SyncNow(ctx, w.viewer, id, full, ""); err != nil {
		return err
	}
	_, err := w.worker.RunOne(ctx)
	return err
}

// systems are those of the seed, Netvisor first.
func (w *world) systems() []system.ID {
	out := []system.ID{w.system}
	if w.flex != nil {
		out = append(out, w.flex.system)
	}
	if w.kyc != nil {
		out = append(out, w.kyc.system)
	}
	return out
}

// syncAll compares everything, one system after the other.
func (w *world) syncAll(ctx context.Context) error {
	for _, id := range w.systems() {
		if err := w.syncOne(ctx, id, true); err != nil {
			return err
		}
		if err := w.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// hint says again, and for nothing, that a customer is to be looked at.
func (w *world) hint(ctx context.Context) error {
	c, err := w.ours(ctx, pick(w.random, w.keys()))
	if err != nil || c == nil {
		return err
	}
	_, err = w.hub.RetryLink(ctx, w.viewer, c.Links[0].ID, "")
	return err
}

func (w *world) step(ctx context.Context) error {
	_, err := w.worker.LinkOne(ctx)
	return err
}

// cutStep ends the work at a random moment, as a shutdown does.
func (w *world) cutStep(ctx context.Context) error {
	w.injected++
	cut, cancel := context.WithTimeout(ctx, time.Duration(1+w.random.IntN(25))*time.Millisecond)
	defer cancel()
	_, _ = w.worker.LinkOne(cut)
	return ctx.Err()
}

// patience bounds the settling of a seed.
const patience = 8 * time.Second

// settle works until no link of the seed is due.
func (w *world) settle(ctx context.Context) error {
	for end := time.Now().Add(w.patience); time.Now().Before(end); {
		worked, err := w.worker.LinkOne(ctx)
		if err != nil {
			return err
		}
		if worked {
			continue
		}
		var due int
		if err := w.db.Owner.QueryRow(ctx, `SELECT count(*) FROM link WHERE system_id::text = ANY ($1) AND (due_at IS NOT NULL AND due_at < now() + interval '30 minutes' OR lease_until IS NOT NULL)`,
			w.systems()).Scan(&due); err != nil || due == 0 {
			return err
		}
		time.Sleep(2 * time.Millisecond) // a backoff has to pass
	}
	w.patience = patience / 16 // it does not get better
	return nil                 // what is not settled is in the verdict
}

func (w *world) writes() (n int) {
	for _, c := range w.netvisor.Calls() {
		if c.Method == http.MethodPost {
			n++
		}
	}
	return n
}

// finish ends the faults, lets everything settle, compares all, and collects the evidence.
func (w *world) finish(ctx context.Context) error {
	for _, f := range w.netvisor.Faults() {
		w.netvisor.ClearFault(f.ID)
	}
	if w.kyc != nil {
		for _, f := range w.kyc.sandbox.Faults() {
			w.kyc.sandbox.ClearFault(f.ID)
		}
	}
	if w.flex != nil {
		for _, f := range w.flex.sandbox.Faults() {
			w.flex.sandbox.ClearFault(f.ID)
		}
		if err := w.corrected(); err != nil {
			return err
		}
	}
	w.told()
	if err := w.settle(ctx); err != nil {
		return err
	}
	for range 2 {
		if err := w.syncAll(ctx); err != nil {
			return err
		}
	}
	w.told()
	n, into, beside := w.writes(), w.kyc.writes(), w.flex.writes()
	if err := w.syncAll(ctx); err != nil {
		return err
	}
	runs, err := w.hub.LastRuns(ctx, w.viewer, w.systems())
	if err != nil {
		return err
	}
	for _, r := range runs {
		if r.State != run.Succeeded {
			w.evidence.Unsettled = append(w.evidence.Unsettled, fmt.Sprintf("the last comparison is %s: %s", r.State, r.Message))
		}
	}
	w.evidence.WritesAfter = w.writes() - n
	w.evidence.Calls, w.evidence.Effects = w.netvisor.Calls(), w.netvisor.Effects()
	w.evidence.Netvisor, w.evidence.Hub = w.theirs(), make(map[int64]Customer)
	if err := w.collect(ctx); err != nil {
		return err
	}
	if w.kyc != nil {
		if err := w.collectKYC(ctx, into); err != nil {
			return err
		}
	}
	if w.flex != nil {
		if err := w.collectFlex(ctx, beside); err != nil {
			return err
		}
	}
	_, err = w.db.Owner.Exec(ctx, `UPDATE system SET state = 'PAUSED' WHERE id::text = ANY ($1)`, w.systems()) // nobody looks at it any more
	return err
}

// collect asks the hub's API for everything.
func (w *world) collect(ctx context.Context) error {
	size := hub.MaxPageSize
	page, err := w.hub.Customers(ctx, w.viewer, hub.CustomerQuery{Page: hub.Page{First: &size}, Include: hub.IncludeAll})
	if err != nil {
		return err
	}
	links := make([]link.ID, 0, len(page.Items))
	for _, c := range page.Items {
		for _, l := range c.Links {
			links = append(links, l.ID)
		}
	}
	deletions, err := w.hub.DeletionsByLink(ctx, w.viewer, links)
	if err != nil {
		return err
	}
	for _, c := range page.Items {
		at := slices.IndexFunc(c.Links, func(l hub.LinkView) bool { return l.SystemID == w.system })
		if at < 0 || len(c.Links) > len(w.systems()) {
			w.evidence.Unsettled = append(w.evidence.Unsettled, fmt.Sprintf("%s has %d links", c.Name, len(c.Links)))
			continue
		}
		l := c.Links[at]
		if w.flex != nil && l.State == link.NotInScope && l.ExternalID == "" && l.LastMessage != "" && c.Status == customer.Inactive {
			continue // it came from Flex, and was out of use before it was made
		}
		if l.State == link.Uncertain && l.ExternalID == "" && strings.HasSuffix(l.LastMessage, "a person has to look.") {
			w.evidence.Asked = append(w.evidence.Asked, c.Name)
		} else if d, asked := deletions[l.ID]; asked && d.State == link.Asked || l.State != link.InSync && (l.State != link.NotInScope || !asked || d.State != link.Done) {
			w.evidence.Unsettled = append(w.evidence.Unsettled, fmt.Sprintf("%s (%s) is %s: %s", c.Name, l.ExternalID, l.State, l.LastMessage))
		}
		key, _ := strconv.ParseInt(l.ExternalID, 10, 64)
		if d, asked := deletions[l.ID]; asked {
			w.evidence.Deletions[key] = d.State == link.Done
		}
		shown, all := Customer{}, c.Customer.Flatten(customer.HubKeys)
		for _, f := range Fields {
			shown[f.Hub] = all[customer.Field(f.Hub)]
		}
		for _, o := range c.Offices {
			if o.Active {
				shown["visitingAddress.line1"] += o.Address.Line1 + "\n"
			}
		}
		w.evidence.Hub[key] = shown
	}
	for {
		numbered, err := store.NumberChanges(ctx, w.db.App, 1000)
		if err != nil {
			return err
		}
		if len(numbered) == 0 {
			break
		}
	}
	for after := ""; ; {
		changes, err := w.hub.Changes(ctx, w.viewer, after, size)
		if err != nil {
			return err
		}
		for _, c := range changes.Items {
			w.evidence.Sequences = append(w.evidence.Sequences, int(c.Sequence))
		}
		if after = changes.EndCursor; !changes.HasMore {
			return nil
		}
	}
}

func (w *world) theirs() map[int64]Customer {
	out := make(map[int64]Customer)
	for _, key := range w.keys() {
		c, _ := w.netvisor.Get("", key)
		out[key] = Customer{
			"name": c.Get("Name"), "nameExtension": c.Get("NameExtension"), "email": c.Get("Email"), "phone": c.Get("PhoneNumber"),
			"billingAddress.line1": c.Get("StreetAddress"), "deliveryAddress.city": c.Get("DeliveryCity"),
		}
	}
	return out
}
