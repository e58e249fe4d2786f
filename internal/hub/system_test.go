package hub_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/connector"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/organisation"
	"customerhub/internal/pgtest"
	"customerhub/internal/run"
	"customerhub/internal/secret"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

var (
	goodSettings    = map[string]string{"url": "https://example.test"}
	goodCredentials = map[string]string{"id": "user", "key": "canary-7f3a91"}
)

// setupKinds is setup with two kinds of systems and a keyset.
func setupKinds(t *testing.T) bundle {
	t.Helper()
	keyset, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.New(t)
	h := hub.New(db.App, hub.Options{Keyset: keyset, Kinds: map[system.Kind]hub.KindSpec{
		system.Netvisor: kind("Netvisor"), system.Flex: kind("Flex"),
	}})
	return bundle{hub: h, db: db, viewer: newOrganisation(t, h, "Esimerkki Oy")}
}

func kind(title string) hub.KindSpec {
	url := connector.Setting{Name: "url", Title: "Address", Help: "Where it is.", Valid: func(s string) error {
		if !strings.HasPrefix(s, "https://") {
			return errors.New("has to begin with https://")
		}
		return nil
	}}
	language := connector.Setting{Name: "language", Title: "Language", Default: "EN"}
	credentials := []connector.Setting{{Name: "id", Title: "Id"}, {Name: "key", Title: "Key", Secret: true, Valid: func(s string) error {
		if len(s) < 5 {
			return errors.New("is too short")
		}
		return nil
	}}}
	return hub.KindSpec{
		Title: title, PollEvery: 15 * time.Minute, Reads: func(customer.Field) bool { return true },
		Settings: func(given map[string]string) (map[string]string, error) {
			return connector.CheckSettings([]connector.Setting{url, language}, given)
		},
		Credentials: func(given map[string]string) (map[string]string, error) {
			return connector.CheckSettings(credentials, given)
		},
	}
}

func (b bundle) createSystem(t *testing.T) system.System {
	t.Helper()
	s, err := b.hub.CreateSystem(t.Context(), b.viewer, hub.CreateSystem{Kind: system.Netvisor, Settings: goodSettings}, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checked is a system whose credentials have been verified.
func (b bundle) checked(t *testing.T) system.System {
	t.Helper()
	s := b.createSystem(t)
	if _, err := b.hub.SetSystemCredentials(t.Context(), b.viewer, s.ID, goodCredentials, ""); err != nil {
		t.Fatal(err)
	}
	r, err := b.hub.CheckSystem(t.Context(), b.viewer, s.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	b.finish(t, r, hub.SystemReport{Checks: []system.Check{{Name: "credentials", OK: true}}})
	return b.systemNow(t, s.ID)
}

// finish ends a queued run as a worker does.
func (b bundle) finish(t *testing.T, r run.Run, report hub.SystemReport) {
	t.Helper()
	claim, err := store.ClaimRun(t.Context(), b.db.App, "test", time.Minute)
	if err != nil || claim == nil || claim.Run != r.ID {
		t.Fatalf("claimed %+v, %v", claim, err)
	}
	r.State = run.Succeeded
	if report.Fault != nil {
		r.State, r.FaultCode, r.Message = run.Failed, fault.CodeOf(report.Fault), hub.Shown(report.Fault)
	}
	if err := b.hub.FinishWork(t.Context(), *claim, r, report); err != nil {
		t.Fatal(err)
	}
}

func (b bundle) systemNow(t *testing.T, id system.ID) system.System {
	t.Helper()
	found, err := b.hub.SystemsByID(t.Context(), b.viewer, []system.ID{id})
	if err != nil || len(found) != 1 {
		t.Fatalf("got %v, %v", found, err)
	}
	return found[id]
}

// wantNowhere looks for a secret in every row of every table, in plain and in hexadecimal digits.
func wantNowhere(t *testing.T, db *pgtest.DB, canary string) {
	t.Helper()
	rows, err := db.Owner.Query(t.Context(), `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var n int
		err := db.Owner.QueryRow(t.Context(),
			`SELECT count(*) FROM `+pgx.Identifier{name}.Sanitize()+` r WHERE r::text LIKE '%' || $1 || '%' OR r::text LIKE '%' || $2 || '%'`,
			canary, hex.EncodeToString([]byte(canary))).Scan(&n)
		if err != nil || n != 0 {
			t.Errorf("table %s holds the secret %d times, %v", name, n, err)
		}
	}
}

// wantPaths checks that exactly these inputs are wrong, for these reasons.
func wantPaths(t *testing.T, err error, want map[string]string) {
	t.Helper()
	faults, ok := err.(fault.Errors) //nolint:errorlint // returned as it is
	if !ok {
		if f := fault.Of(err); f != nil {
			faults = fault.Errors{f}
		}
	}
	got := make(map[string]string)
	for _, f := range faults {
		got[strings.Join(f.Path, ".")] = f.ReasonOrCode()
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
}

func TestCreateSystem(t *testing.T) {
	t.Parallel()
	b := setupKinds(t)
	create := func(t *testing.T, in hub.CreateSystem) (system.System, error) {
		t.Helper()
		return b.hub.CreateSystem(t.Context(), b.viewer, in, "")
	}
	t.Run("DefaultsAreFilledIn", func(t *testing.T) {
		s := b.createSystem(t)
		if s.State != system.Draft || s.Name != "Netvisor" || s.PollEvery != 15*time.Minute || s.Settings["language"] != "EN" ||
			s.Settings["url"] != "https://example.test" || s.Health() != system.Unknown || !s.CredentialsSetAt.IsZero() {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("AKindWithoutAConnectorIsRefused", func(t *testing.T) {
		_, err := create(t, hub.CreateSystem{Kind: system.NetvisorKYC})
		wantPaths(t, err, map[string]string{"kind": "SYSTEM_KIND_UNSUPPORTED"})
	})
	t.Run("AllFaultsComeTogether", func(t *testing.T) {
		_, err := create(t, hub.CreateSystem{
			Kind: system.Netvisor, Name: strings.Repeat("ä", 201), PollEvery: time.Millisecond,
			Settings: map[string]string{"url": "ftp://user:hunter2@example.test", "colour": "hunter2"},
		})
		wantPaths(t, err, map[string]string{
			"name": "FIELD_TOO_LONG", "pollEverySeconds": "INVALID", "settings.url": "SETTING_INVALID", "settings.colour": "SETTING_UNKNOWN",
		})
		if strings.Contains(fmt.Sprintf("%+v %v", err, err), "hunter2") {
			t.Error("Promise 11: a fault repeats a value")
		}
		_, err = create(t, hub.CreateSystem{Kind: system.Netvisor, PollEvery: 25 * time.Hour})
		wantPaths(t, err, map[string]string{"pollEverySeconds": "INVALID", "settings.url": "SETTING_REQUIRED"})
	})
	t.Run("T41_SameKeyIsOneSystem", func(t *testing.T) {
		in := hub.CreateSystem{Kind: system.Flex, Settings: goodSettings}
		one, err := b.hub.CreateSystem(t.Context(), b.viewer, in, "k")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := b.hub.CreateSystem(t.Context(), b.viewer, in, "k"); err != nil || again.ID != one.ID {
			t.Errorf("got %s, %v", again.ID, err)
		}
	})
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	b := setupKinds(t)
	set := func(t *testing.T, id system.ID, credentials map[string]string, key string) (system.System, error) {
		t.Helper()
		return b.hub.SetSystemCredentials(t.Context(), b.viewer, id, credentials, key)
	}
	t.Run("Promise11_TheyAreSealedAndNowhereReadable", func(t *testing.T) {
		s := b.createSystem(t)
		got, err := set(t, s.ID, goodCredentials, "with a key, whose answer is stored")
		if err != nil || got.CredentialsSetAt.IsZero() || got.State != system.Draft {
			t.Fatalf("got %+v, %v", got, err)
		}
		if strings.Contains(fmt.Sprintf("%+v", got), "canary") {
			t.Error("the answer holds them")
		}
		wantNowhere(t, b.db, "canary-7f3a91")
		all, err := b.hub.Systems(t.Context(), b.viewer)
		if err != nil || strings.Contains(fmt.Sprintf("%+v", all), "canary") {
			t.Errorf("a read holds them, %v", err)
		}
	})
	t.Run("TheWorkerOpensThem", func(t *testing.T) {
		s := b.checked(t)
		r, err := b.hub.CheckSystem(t.Context(), b.viewer, s.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		claim, err := store.ClaimRun(t.Context(), b.db.App, "test", time.Minute)
		if err != nil || claim.Run != r.ID {
			t.Fatal(claim, err)
		}
		work, err := b.hub.StartWork(t.Context(), *claim)
		if err != nil || !maps.Equal(work.Credentials, goodCredentials) {
			t.Errorf("got %v, %v", slices.Sorted(maps.Keys(work.Credentials)), err)
		}
		t.Log("T38: with another keyset, or none, nothing goes on with empty ones")
		other, err := secret.Generate()
		if err != nil {
			t.Fatal(err)
		}
		for name, keyset := range map[string]*secret.Keyset{"another": other, "none": nil} {
			work, err := hub.New(b.db.App, hub.Options{Keyset: keyset}).StartWork(t.Context(), *claim)
			if !fault.Is(err, fault.Internal) || work.Credentials != nil || !strings.Contains(hub.Shown(err), "keyset") {
				t.Errorf("%s: %v", name, err)
			}
		}
		b.releaseAll(t)
	})
	t.Run("TheyAreBoundToTheirSystem", func(t *testing.T) {
		s, other := b.checked(t), b.checked(t)
		if _, err := b.db.Owner.Exec(t.Context(), `UPDATE system SET credentials = (SELECT credentials FROM system WHERE id = $1) WHERE id = $2`, string(s.ID), string(other.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := b.hub.CheckSystem(t.Context(), b.viewer, other.ID, ""); err != nil {
			t.Fatal(err)
		}
		claim, err := store.ClaimRun(t.Context(), b.db.App, "test", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if work, err := b.hub.StartWork(t.Context(), *claim); !fault.Is(err, fault.Internal) || work.Credentials != nil {
			t.Errorf("copied credentials were opened: %v", err)
		}
		b.releaseAll(t)
	})
	t.Run("FaultsNameTheCredentialAndNotItsValue", func(t *testing.T) {
		s := b.createSystem(t)
		_, err := set(t, s.ID, map[string]string{"key": "1234", "pin": "hunter2"}, "")
		wantPaths(t, err, map[string]string{
			"credentials.id": "SETTING_REQUIRED", "credentials.key": "SETTING_INVALID", "credentials.pin": "SETTING_UNKNOWN",
		})
		if text := fmt.Sprintf("%+v %v", err, err); strings.Contains(text, "1234") || strings.Contains(text, "hunter2") {
			t.Errorf("a fault repeats a value: %s", text)
		}
	})
	t.Run("NewOnesHaveToBeChecked", func(t *testing.T) {
		s := b.checked(t)
		if s.State != system.Checked || len(s.Checks) != 1 {
			t.Fatalf("got %+v", s)
		}
		got, err := set(t, s.ID, goodCredentials, "")
		if err != nil || got.State != system.Draft || len(got.Checks) != 0 || !got.CheckedAt.IsZero() {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("WithoutAKeysetNothingIsStored", func(t *testing.T) {
		s := b.createSystem(t)
		bare := hub.New(b.db.App, hub.Options{Kinds: map[system.Kind]hub.KindSpec{system.Netvisor: kind("Netvisor")}})
		if _, err := bare.SetSystemCredentials(t.Context(), b.viewer, s.ID, goodCredentials, ""); !fault.Is(err, fault.Internal) {
			t.Errorf("got %v", err)
		}
		if !b.systemNow(t, s.ID).CredentialsSetAt.IsZero() {
			t.Error("something was stored")
		}
	})
	t.Run("UnknownSystemsAreNotFound", func(t *testing.T) {
		stranger := newOrganisation(t, b.hub, "Vieras Oy")
		theirs := b.createSystem(t)
		for _, id := range []system.ID{"", "x", "00000000-0000-7000-8000-000000000000"} {
			_, err := set(t, id, goodCredentials, "")
			wantPaths(t, err, map[string]string{"id": "NOT_FOUND"})
		}
		_, err := b.hub.SetSystemCredentials(t.Context(), stranger, theirs.ID, goodCredentials, "")
		wantPaths(t, err, map[string]string{"id": "NOT_FOUND"})
	})
}

// releaseAll ends what tests have left unfinished.
func (b bundle) releaseAll(t *testing.T) {
	t.Helper()
	if _, err := b.db.Owner.Exec(t.Context(), `UPDATE run SET state = 'CANCELLED', lease_until = NULL WHERE state IN ('QUEUED', 'RUNNING')`); err != nil {
		t.Fatal(err)
	}
}

func TestSystemStates(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, b bundle, id system.ID) (system.System, run.Run, error) {
		t.Helper()
		return b.hub.StartSystem(t.Context(), b.viewer, id, "")
	}
	t.Run("FromDraftToRunning", func(t *testing.T) {
		t.Parallel()
		b := setupKinds(t)
		s := b.createSystem(t)
		_, err := b.hub.CheckSystem(t.Context(), b.viewer, s.ID, "")
		wantPaths(t, err, map[string]string{"id": "SYSTEM_CREDENTIALS_MISSING"})
		_, _, err = start(t, b, s.ID)
		wantPaths(t, err, map[string]string{"id": "SYSTEM_NOT_CHECKED"})
		_, err = b.hub.SyncNow(t.Context(), b.viewer, s.ID, false, "")
		wantPaths(t, err, map[string]string{"id": "SYSTEM_NOT_RUNNING"})

		s = b.checked(t)
		running, r, err := start(t, b, s.ID)
		if err != nil || running.State != system.Running || r.Kind != run.FirstImport || r.State != run.Queued || r.RequestedBy != b.viewer.Actor || running.NextDueAt.IsZero() {
			t.Fatalf("got %+v, %+v, %v", running, r, err)
		}
		_, _, err = start(t, b, s.ID)
		wantPaths(t, err, map[string]string{"id": "SYSTEM_RUNNING"})
		_, err = b.hub.SyncNow(t.Context(), b.viewer, s.ID, false, "")
		if f := wantReason(t, err, fault.Duplicate, "RUN_IN_PROGRESS"); f.Details["run"] != string(r.ID) {
			t.Errorf("details %v", f.Details)
		}
		_, err = b.hub.CheckSystem(t.Context(), b.viewer, s.ID, "")
		wantReason(t, err, fault.Duplicate, "RUN_IN_PROGRESS")
		b.finish(t, r, hub.SystemReport{Cursor: "c", FreshSince: time.Now()})
		for full, want := range map[bool]run.Kind{false: run.Poll, true: run.Sweep} {
			r, err := b.hub.SyncNow(t.Context(), b.viewer, s.ID, full, "")
			if err != nil || r.Kind != want {
				t.Fatalf("full %v: got %+v, %v", full, r, err)
			}
			b.finish(t, r, hub.SystemReport{})
		}
	})
	t.Run("OneSystemOfAKindRuns", func(t *testing.T) {
		t.Parallel()
		b := setupKinds(t)
		one, other := b.checked(t), b.checked(t)
		if _, _, err := start(t, b, one.ID); err != nil {
			t.Fatal(err)
		}
		_, _, err := start(t, b, other.ID)
		wantPaths(t, err, map[string]string{"id": "ANOTHER_SYSTEM_RUNNING"})
		if s := b.systemNow(t, other.ID); s.State != system.Checked {
			t.Errorf("got %+v", s)
		}
		stranger := b
		stranger.viewer = newOrganisation(t, b.hub, "Toinen Oy")
		b.releaseAll(t)
		if _, _, err := start(t, stranger, stranger.checked(t).ID); err != nil {
			t.Errorf("another organisation: %v", err)
		}
	})
	t.Run("RacersStartOnce", func(t *testing.T) {
		t.Parallel()
		b := setupKinds(t)
		s := b.checked(t)
		results := make(chan error, 6)
		for range 6 {
			go func() {
				_, _, err := b.hub.StartSystem(t.Context(), b.viewer, s.ID, "")
				results <- err
			}()
		}
		started := 0
		for range 6 {
			if err := <-results; err == nil {
				started++
			} else if !fault.CodeOf(err).UserFacing() {
				t.Error(err)
			}
		}
		if started != 1 {
			t.Errorf("started %d times", started)
		}
	})
	t.Run("AFaultKeepsTheTimeItBegan", func(t *testing.T) {
		t.Parallel()
		b := setupKinds(t)
		s := b.checked(t)
		_, r, err := start(t, b, s.ID)
		if err != nil {
			t.Fatal(err)
		}
		fail := func(code fault.Code, message string) system.System {
			t.Helper()
			b.finish(t, r, hub.SystemReport{Fault: fault.New(code, "%s", message)})
			if r, err = b.hub.SyncNow(t.Context(), b.viewer, s.ID, false, ""); err != nil && code != fault.Denied {
				t.Fatal(err)
			}
			return b.systemNow(t, s.ID)
		}
		first := fail(fault.Unavailable, "one")
		second := fail(fault.Unavailable, "two")
		if second.Fault.Message != "two" || !second.Fault.Since.Equal(first.Fault.Since) {
			t.Errorf("got %+v, then %+v", first.Fault, second.Fault)
		}
		if third := fail(fault.Limited, "three"); !third.Fault.Since.After(first.Fault.Since) {
			t.Errorf("got %+v", third.Fault)
		}
		if last := fail(fault.Denied, "four"); last.State != system.NeedsAction {
			t.Errorf("got %+v", last)
		}
	})
	t.Run("R26_ASystemThatDoesNotAdmitTheHubIsAFindingUntilItPassesACheck", func(t *testing.T) {
		t.Parallel()
		b := setupKinds(t)
		s := b.checked(t)
		_, r, err := start(t, b, s.ID)
		if err != nil {
			t.Fatal(err)
		}
		standing := func() (codes []finding.Code) {
			t.Helper()
			stands := false
			page, err := b.hub.Findings(t.Context(), b.viewer, hub.FindingFilter{Resolved: &stands}, hub.Page{First: new(10)}, false)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range page.Items {
				if f.SystemID != s.ID || f.ExternalID != "" {
					t.Errorf("got %+v", f)
				}
				codes = append(codes, f.Code)
			}
			return codes
		}
		denied := fault.New(fault.Denied, "%s", "Maija Malli's key was revoked.")
		b.finish(t, r, hub.SystemReport{Fault: denied})
		if got := standing(); !slices.Equal(got, []finding.Code{finding.SystemDenied}) {
			t.Fatalf("after a refusal %v stand", got)
		}
		if _, err := b.hub.SetSystemCredentials(t.Context(), b.viewer, s.ID, goodCredentials, ""); err != nil {
			t.Fatal(err)
		}
		if got := standing(); len(got) != 1 {
			t.Errorf("with credentials that nobody checked %v stand", got)
		}
		check, err := b.hub.CheckSystem(t.Context(), b.viewer, s.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		b.finish(t, check, hub.SystemReport{Checks: []system.Check{{Name: "credentials", OK: true}}})
		if got := standing(); len(got) != 0 {
			t.Errorf("after a check that passed %v stand", got)
		}
	})
	t.Run("EveryChangeOfStateIsInTheLog", func(t *testing.T) {
		t.Parallel()
		b := setupKinds(t)
		s := b.checked(t)
		if _, _, err := start(t, b, s.ID); err != nil {
			t.Fatal(err)
		}
		var n int
		// Created, credentials, checked by the hub, started.
		if err := b.db.Owner.QueryRow(t.Context(), `SELECT count(*) FROM change WHERE origin_system = $1 AND customer_id IS NULL`, string(s.ID)).Scan(&n); err != nil || n != 4 {
			t.Errorf("%d changes, %v", n, err)
		}
	})
	t.Run("WakesComeAfterTheCommit", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		woken := make(chan hub.Topic, 10)
		h := hub.New(db.App, hub.Options{Wake: func(topic hub.Topic, _ organisation.ID) { woken <- topic }})
		v := newOrganisation(t, h, "Esimerkki Oy")
		c, err := h.CreateCustomer(t.Context(), v, customer.Fields{customer.FieldName: "A"}, "")
		if err != nil || <-woken != hub.TopicChanges {
			t.Fatal(err)
		}
		if _, err := h.UpdateCustomer(t.Context(), v, c.ID, nil, customer.Fields{customer.FieldName: ""}, ""); err == nil {
			t.Fatal("want a fault")
		}
		select {
		case topic := <-woken:
			t.Errorf("a refused command wakes %s", topic)
		default:
		}
	})
}

// TestFence is T35 without the sandboxes: who lost a run cannot write about it.
