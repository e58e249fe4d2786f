package netvisorkyc_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/connector/connectortest"
	"customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	sandbox "customerhub/internal/sandbox/netvisorkyc"
	"customerhub/internal/system"
)

// all is everything that the connector can do.
type all interface {
	connector.Connection
	connector.BatchReader
	connector.Lister
	connector.Checker
	connector.Writer
	connector.Finder
	connector.Deleter
	connector.Activator
	connector.Subscriber
}

func (m *misbehaving) all(t *testing.T) all {
	t.Helper()
	return m.open(t).(all)
}

func read(t *testing.T, conn connector.Connection, key string) connector.Record {
	t.Helper()
	r, err := conn.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (m *misbehaving) rows(t *testing.T, conn connector.Lister, since string) (ids []string, cursor string) {
	t.Helper()
	result, err := conn.List(t.Context(), since, func(r connector.Row) error { ids = append(ids, r.ExternalID); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return ids, result.Cursor
}

// TestActivation takes an integration into use as an administrator does (R9, R14-R25; contract section 9, scenario 1).
func TestActivation(t *testing.T) {
	t.Parallel()
	m := stand(t)
	fresh, err := sandbox.New(sandbox.Options{Seed: 9, Settings: sandbox.Settings{NetvisorAccepts: []sandbox.Identifiers{{UserName: "NV_1", IntegrationKey: "right-key"}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fresh.Close() })
	m.Sandbox, m.token = fresh, ""
	server := httptest.NewServer(connectortest.Guard(t, fresh))
	t.Cleanup(server.Close)
	m.url = server.URL
	credentials, _ := fresh.Credentials("")

	reason := func(err error) string {
		if f := fault.Of(err); f != nil {
			return string(f.Code) + " " + f.ReasonOrCode()
		}
		return ""
	}
	failing := func(t *testing.T, want ...string) {
		t.Helper()
		checks, err := m.all(t).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range checks {
			if !c.OK {
				got = append(got, c.Name)
				if c.Message == "" || !strings.Contains(c.Fix, netvisorkyc.Support) {
					t.Errorf("R7: %+v", c)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("checks that fail: %v, want %v", got, want)
		}
	}
	failing(t, "credential")
	if _, err := m.all(t).RequestCredential(t.Context()); reason(err) != "DENIED INTERFACES_NOT_ENABLED" {
		t.Fatalf("R16: %v", err)
	}
	if err := errors.Join(fresh.EnableInterfaces(""), fresh.CreateIntegrationUser("")); err != nil {
		t.Fatal(err)
	}
	issued, err := m.all(t).RequestCredential(t.Context())
	if err != nil || issued[netvisorkyc.Token] == "" || issued[netvisorkyc.ActivationToken] != credentials.BootstrapToken {
		t.Fatalf("R17: %v", err)
	}
	m.token = issued[netvisorkyc.Token]
	conn := m.all(t)
	stage := func(want connector.Stage) connector.Activation {
		t.Helper()
		deadline := time.Now().Add(10 * time.Second)
		for {
			a, err := conn.Activation(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if a.Stage != connector.StageVerifying || want == connector.StageVerifying || time.Now().After(deadline) {
				if a.Stage != want {
					t.Fatalf("stage %s, want %s", a.Stage, want)
				}
				return a
			}
			time.Sleep(10 * time.Millisecond) // the service verifies beside
		}
	}
	stage(connector.StageIssued)
	failing(t, "verification kyc", "verification netvisor")
	if err := conn.Start(t.Context()); reason(err) != "REJECTED NOT_VERIFIED" {
		t.Errorf("R24: %v", err)
	}
	if _, err := conn.Write(t.Context(), m.another()); reason(err) != "DENIED NOT_VERIFIED" {
		t.Errorf("a write before the start: %v", err)
	}
	submission := connector.Submission{Identifiers: map[string]string{"customerId": "NV_1", "customerKey": "wrong-key"}}
	if err := conn.Submit(t.Context(), submission); !fault.Is(err, fault.Invalid) {
		t.Errorf("R21: %v", err)
	}
	submission.ReportEmail = "virheet@example.test"
	if err := conn.Submit(t.Context(), submission); err != nil {
		t.Fatal(err)
	}
	if a := stage(connector.StageFailed); a.Checks[1].OK || a.Checks[1].Message == "" || a.CheckedAt.IsZero() {
		t.Errorf("R23: %+v", a)
	}
	failing(t, "verification netvisor")
	submission.Identifiers["customerKey"] = "right-key"
	for range 2 { // handing over twice is once
		if err := conn.Submit(t.Context(), submission); err != nil {
			t.Fatal(err)
		}
		stage(connector.StageVerified)
	}
	failing(t)
	for range 2 { // starting twice is once
		if err := conn.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stage(connector.StageFirstSync)
	m.make(t, conn)
	if err := fresh.FinishInitialSync(""); err != nil {
		t.Fatal(err)
	}
	if a := stage(connector.StageRunning); a.Created != 1 || a.Started.IsZero() || a.Finished.IsZero() {
		t.Errorf("%+v", a)
	}
	if err := conn.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	stage(connector.StagePaused)
	if _, err := conn.Write(t.Context(), m.another()); reason(err) != "MAINTENANCE INTEGRATION_PAUSED" {
		t.Errorf("a write in a pause: %v", err)
	}
	if err := conn.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.make(t, conn)
	if err := fresh.RevokeCredentials(""); err != nil { // scenario 11
		t.Fatal(err)
	}
	failing(t, "credential")
	if _, err := conn.Write(t.Context(), m.another()); reason(err) != "DENIED INVALID_TOKEN" {
		t.Errorf("a write without a valid token: %v", err)
	}
}

// TestFromCandidateToCustomer follows one record through its life (contract section 9, scenarios 4 to 9).
func TestFromCandidateToCustomer(t *testing.T) {
	t.Parallel()
	m := stand(t)
	conn := m.all(t)
	key := m.make(t, conn)
	r := read(t, conn, key)
	if k := r.KYC; k.State != customer.KYCCandidate || k.RiskClass != customer.RiskUnknown || k.RequiresActions != nil || k.Person.FirstName != "Aino" || k.Revision != 0 {
		t.Errorf("R40: %+v", k)
	}
	if r.Source != (connector.Source{Kind: system.Netvisor, ExternalID: "1001", Number: "2001"}) {
		t.Errorf("source %+v", r.Source)
	}
	_, cursor := m.rows(t, conn, "")
	made := m.accept(t, key, sandbox.Assessment{RiskClass: sandbox.High, ReviewIntervalMonths: 12, Notes: "Omistaja 010190-900P, seurataan."})
	ids, cursor := m.rows(t, conn, cursor)
	if !slices.Equal(ids, []string{key}) {
		t.Errorf("the feed names %v", ids)
	}
	r = read(t, conn, key)
	helsinki, err := time.LoadLocation("Europe/Helsinki") // whose days the service counts, also when they are not those of UTC
	if err != nil {
		t.Fatal(err)
	}
	today := m.Now().In(helsinki).Format(time.DateOnly)
	if k := r.KYC; k.State != customer.KYCCustomer || k.RiskClass != customer.RiskHigh || k.RequiresActions == nil || *k.RequiresActions || k.LatestRiskAssessmentOn != today ||
		k.DueDiligenceExpiresOn <= today || k.Notes != "Omistaja ******-****, seurataan." || k.Revision != 1 || k.Person.FirstName != "Aino" {
		t.Errorf("R45-R49: %+v", k)
	}
	if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Code == finding.HetuMasked && f.Field == customer.FieldKYCNotes }) {
		t.Errorf("findings %+v", r.Findings)
	}
	if err := m.Assess(made.ID, sandbox.Assessment{RiskClass: sandbox.Standard, ReviewIntervalMonths: 36}); err != nil {
		t.Fatal(err)
	}
	if k := read(t, conn, key).KYC; k.RiskClass != customer.RiskStandard || k.Notes != "" || k.Revision != 2 {
		t.Errorf("scenario 5: %+v", k)
	}
	private, low := sandbox.Private, sandbox.Low
	if err := m.EditCustomer(made.ID, sandbox.CustomerEdit{Kind: &private, RiskClass: &low, Force: true}); err != nil {
		t.Fatal(err)
	}
	r = read(t, conn, key)
	if r.KYC.RiskClass != customer.RiskUnknown || r.KYC.Raw["riskClass"] != "LOW" || len(r.Findings) != 1 || r.Findings[0].Code != finding.KYCRiskImpossible {
		t.Errorf("scenario 8: %+v, %+v", r.KYC, r.Findings)
	}
	// What is written reaches the customer now.
	set := customer.Fields{customer.FieldName: "Uusi Nimi Oy"}
	for range 2 { // and once
		if _, err := conn.Write(t.Context(), connector.Step{Record: key, Set: set, Want: set}); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.Customers("")[0]; got.Name != "Uusi Nimi Oy" || m.effects() != 2 {
		t.Errorf("%+v after %d effects", got, m.effects())
	}
	before := m.effects()
	if _, err := conn.Write(t.Context(), connector.Step{Record: key, Set: customer.Fields{customer.FieldStatus: "INACTIVE"}, Transaction: "t-1"}); err != nil {
		t.Fatal(err)
	}
	if k := read(t, conn, key).KYC; k.State != customer.KYCEnded || k.RequiresActions != nil || k.DueDiligenceExpiresOn == "" || m.effects() != before+1 {
		t.Errorf("section 7: %+v", k)
	}
	if ids, _ := m.rows(t, conn, cursor); !slices.Equal(ids, []string{key}) {
		t.Errorf("the feed names %v", ids)
	}
	if err := conn.Delete(t.Context(), key, "t-2"); !fault.Is(err, fault.Duplicate) && !fault.Is(err, fault.Rejected) {
		t.Errorf("a customer was deleted: %v", err)
	}
}

// TestADeletedCandidateStaysDeleted is scenario 6, and its way back.
func TestADeletedCandidateStaysDeleted(t *testing.T) {
	t.Parallel()
	m := stand(t)
	conn := m.all(t)
	step := m.another()
	key, err := conn.Write(t.Context(), step)
	if err != nil {
		t.Fatal(err)
	}
	_, cursor := m.rows(t, conn, "")
	if err := m.DeleteCandidate(strings.TrimPrefix(key, "candidates/")); err != nil {
		t.Fatal(err)
	}
	if ids, _ := m.rows(t, conn, cursor); !slices.Equal(ids, []string{key}) {
		t.Errorf("the feed names %v", ids)
	}
	if _, err := conn.Read(t.Context(), key); !fault.Is(err, fault.NotFound) || fault.Of(err).Reason != connector.Deleted {
		t.Errorf("read: %v", err)
	}
	if got, err := conn.ReadBatch(t.Context(), []string{key}); err != nil || len(got) != 1 || !got[0].Deleted {
		t.Errorf("batch: %+v, %v", got, err)
	}
	before := m.effects()
	if _, err := conn.Write(t.Context(), connector.Step{Record: key, Set: customer.Fields{customer.FieldName: "Uusi Oy"}}); !fault.Is(err, fault.NotFound) || fault.Of(err).Reason != connector.Deleted {
		t.Errorf("edit: %v", err)
	}
	if _, err := conn.Write(t.Context(), step); !fault.Is(err, fault.Rejected) || fault.Of(err).Reason != connector.Deleted {
		t.Errorf("create: %v", err)
	}
	if m.effects() != before {
		t.Error("it had an effect")
	}
	step.Revive = true
	again, err := conn.Write(t.Context(), step)
	if err != nil || again == key || read(t, conn, again).KYC.State != customer.KYCCandidate {
		t.Errorf("made again: %q, %v", again, err)
	}
}

// TestTheFeedForgets is scenario 10: an old cursor lists everything, each record once.
func TestTheFeedForgets(t *testing.T) {
	t.Parallel()
	m := stand(t)
	conn := m.all(t)
	keys := []string{m.make(t, conn), m.make(t, conn), m.make(t, conn)}
	m.accept(t, keys[1], sandbox.Assessment{RiskClass: sandbox.Standard, ReviewIntervalMonths: 12})
	_, cursor := m.rows(t, conn, "")
	if ids, next := m.rows(t, conn, cursor); ids != nil || next != cursor {
		t.Errorf("nothing happened, and the feed names %v", ids)
	}
	m.make(t, conn)
	if err := m.Advance(31 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	keys = append(keys, m.make(t, conn))
	ids, next := m.rows(t, conn, cursor)
	slices.Sort(ids)
	if len(ids) != 5 || len(slices.Compact(ids)) != 5 || !slices.Contains(ids, keys[1]) || !slices.Contains(ids, keys[3]) || next == cursor {
		t.Errorf("%v, cursor %s", ids, next)
	}
	if ids, _ := m.rows(t, conn, next); ids != nil {
		t.Errorf("then the feed names %v", ids)
	}
}

// TestManyAreComparedByLists counts calls: a complete look at a thousand records is pages, and not records (contract section 6).
func TestManyAreComparedByLists(t *testing.T) {
	t.Parallel()
	m := stand(t)
	conn := m.all(t)
	const n = 1000
	for range n {
		step := m.another()
		name, id := step.Set[customer.FieldName], step.Set[customer.FieldBusinessID]
		if _, err := m.AddCandidate("", sandbox.CandidateEdit{Name: &name, BusinessID: &id}); err != nil {
			t.Fatal(err)
		}
	}
	before := len(m.Calls())
	ids, _ := m.rows(t, conn, "")
	read := 0
	for chunk := range slices.Chunk(ids, conn.BatchSize()) {
		got, err := conn.ReadBatch(t.Context(), chunk)
		if err != nil {
			t.Fatal(err)
		}
		read += len(got)
	}
	if calls := len(m.Calls()) - before; read != n || calls > 10 {
		t.Errorf("%d records in %d calls", read, calls)
	}
}

// TestABusinessIDBelongsToOne lets the service refuse who exists already.
func TestABusinessIDBelongsToOne(t *testing.T) {
	t.Parallel()
	m := stand(t)
	conn := m.all(t)
	step := m.another()
	key, err := conn.Write(t.Context(), step)
	if err != nil {
		t.Fatal(err)
	}
	other := step
	other.Source.ExternalID = "9999"
	if _, err := conn.Write(t.Context(), other); !fault.Is(err, fault.Duplicate) || fault.Of(err).Reason != netvisorkyc.DuplicateBusinessID {
		t.Errorf("another source: %v", err)
	}
	m.accept(t, key, sandbox.Assessment{RiskClass: sandbox.Standard, ReviewIntervalMonths: 12})
	if _, err := conn.Write(t.Context(), step); !fault.Is(err, fault.Duplicate) || fault.Of(err).Reason != netvisorkyc.AlreadyCustomer {
		t.Errorf("a customer by now: %v", err)
	}
	if _, err := conn.Write(t.Context(), connector.Step{Record: key, Set: customer.Fields{customer.FieldBusinessID: businessID(5000)}}); !fault.Is(err, fault.Stale) || fault.Of(err).Reason != netvisorkyc.BusinessIDChanged {
		t.Errorf("R42: %v", err)
	}
	rows, err := conn.Find(t.Context(), connector.Identity{BusinessID: step.Set[customer.FieldBusinessID]})
	if err != nil || len(rows) != 1 || rows[0].ExternalID != key {
		t.Errorf("found %+v, %v", rows, err)
	}
}

// TestMessages has the service send what happens, and reads it as the hub would (contract section 6).
func TestMessages(t *testing.T) {
	t.Parallel()
	m := stand(t)
	conn := m.all(t)
	const secret = "a secret of thirty-two characters"
	arrived := make(chan connector.Delivery, 10)
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- connector.Delivery{Header: r.Header.Clone(), Body: body}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(hub.Close)
	id, err := conn.Subscribe(t.Context(), hub.URL+"/in", secret)
	if err != nil {
		t.Fatal(err)
	}
	if subs, err := conn.Subscriptions(t.Context()); err != nil || len(subs) != 1 || subs[0] != (connector.Subscription{ID: id, URL: hub.URL + "/in", Active: true}) {
		t.Errorf("%+v, %v", subs, err)
	}
	next := func() connector.Delivery {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		select {
		case d := <-arrived:
			return d
		case <-ctx.Done():
			t.Fatal("no message came")
			return connector.Delivery{}
		}
	}
	key := m.make(t, conn)
	d := next()
	got, err := netvisorkyc.Kind().Receive(d, secret, time.Now())
	if err != nil || got.EventID == "" || !slices.Equal(got.Records, []string{key}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := netvisorkyc.Kind().Receive(d, secret+"?", time.Now()); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("with another secret: %v", err)
	}
	if _, err := netvisorkyc.Kind().Receive(d, secret, time.Now().Add(6*time.Minute)); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("six minutes later: %v", err)
	}
	if err := conn.Unsubscribe(t.Context(), id); err != nil {
		t.Error(err)
	}
	if err := conn.Unsubscribe(t.Context(), id); !fault.Is(err, fault.NotFound) {
		t.Errorf("ended twice: %v", err)
	}
	if subs, err := conn.Subscriptions(t.Context()); err != nil || len(subs) != 0 {
		t.Errorf("%+v, %v", subs, err)
	}
}

// TestGarbage gives every variant of a spoilt answer that the sandbox knows to a read, a list and a write (T12, T13).
func TestGarbage(t *testing.T) {
	t.Parallel()
	m := stand(t)
	conn := m.all(t)
	first := m.another()
	first.Set[customer.FieldName] = "Äiti Oy"
	key, err := conn.Write(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	for _, variant := range []string{sandbox.PageVariant, sandbox.GarbageEmpty, sandbox.GarbageText, sandbox.GarbageList, sandbox.GarbageLatin, sandbox.GarbageHuge} {
		for _, after := range []bool{false, true} {
			if after && variant == sandbox.GarbageHuge {
				continue // it is the right answer at its end, and takes its time
			}
			spoil := m.fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: variant, Times: 1, AfterCommit: after})
			spoil(t)
			if _, err := conn.Read(t.Context(), key); !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s, read: %v", variant, err)
			}
			if variant != sandbox.GarbageLatin { // the feed is ASCII
				spoil(t)
				if _, err := conn.List(t.Context(), "", func(connector.Row) error { return nil }); !fault.Is(err, fault.Unavailable) {
					t.Errorf("%s, list: %v", variant, err)
				}
			}
			step := m.another()
			step.Set[customer.FieldName] = "Äiti Oy"
			before := m.effects()
			spoil(t)
			if _, err := conn.Write(t.Context(), step); !fault.Is(err, fault.Uncertain) {
				t.Errorf("%s, write: %v", variant, err)
			}
			if _, err := conn.Write(t.Context(), step); err != nil || m.effects() != before+1 {
				t.Errorf("%s, the same again: %v, %d effects", variant, err, m.effects()-before)
			}
		}
	}
	for _, variant := range []string{sandbox.GarbageUnknown, sandbox.GarbageMark} { // which is none
		m.fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: variant, Times: 1})(t)
		if _, err := conn.Read(t.Context(), key); err != nil {
			t.Errorf("%s: %v", variant, err)
		}
	}
}

// TestTheRateLimitIsKept reads long lists from a service that limits calls as KYC does, and is never refused.
func TestTheRateLimitIsKept(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds by the vendor's limit")
	}
	t.Parallel()
	m := stand(t)
	key := m.make(t, m.all(t))
	if err := m.Set(func(s *sandbox.Settings) { s.RatePerMinute, s.RateBurst = sandbox.RatePerMinute, sandbox.RateBurst }); err != nil {
		t.Fatal(err)
	}
	c, _ := m.Credentials("")
	conn, err := netvisorkyc.Kind().Open(connector.Config{
		Settings:    map[string]string{netvisorkyc.BaseURL: m.url, netvisorkyc.OrganisationID: c.Organisation},
		Credentials: map[string]string{netvisorkyc.Token: m.token},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		read(t, conn, key)
	}
}

// TestWhoComesAgainIsKnownAnew makes a candidate of a company whose relationship ended under another record of Netvisor's.
func TestWhoComesAgainIsKnownAnew(t *testing.T) {
	t.Parallel()
	m := stand(t)
	conn := m.all(t)
	step := m.another()
	before, err := conn.Write(t.Context(), step)
	if err != nil {
		t.Fatal(err)
	}
	made := m.accept(t, before, sandbox.Assessment{RiskClass: sandbox.Standard, ReviewIntervalMonths: 12})
	find := func(want ...string) {
		t.Helper()
		rows, err := conn.Find(t.Context(), connector.Identity{BusinessID: step.Set[customer.FieldBusinessID]})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rows {
			if r.Excluded == "" {
				got = append(got, r.ExternalID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
	}
	find(before)
	if err := m.EndCustomer(made.ID, ""); err != nil {
		t.Fatal(err)
	}
	find()
	step.Source.ExternalID = "98765"
	again, err := conn.Write(t.Context(), step)
	if err != nil || again == before {
		t.Fatalf("%q, %v", again, err)
	}
	find(again)
}
