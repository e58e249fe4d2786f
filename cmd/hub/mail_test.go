package main_test

import (
	"sync"
	"syscall"
	"testing"
	"time"

	"customerhub/internal/mail/mailtest"
	"customerhub/internal/pgtest"
	"customerhub/internal/sandbox/netvisor"
)

type reportState struct {
	ErrorReport struct {
		State   string
		Waiting int
	}
}

// reportOf is how the error reports about a system stand.
func (a api) reportOf(id string) reportState {
	return ask[reportState](a, "node", `query ($id: ID!) { node(id: $id) { ... on System { errorReport { state waiting } } } }`, map[string]any{"id": id})
}

const setReport = `mutation ($in: SetSystemErrorReportInput!) { setSystemErrorReport(input: $in) { system { id } userErrors { code message } } }`

// TestR21_R26_ErrorReportsAreMailed kills the hub while the mail server takes a report over, which is when it does not know
// whether the report arrived.
func TestR21_R26_ErrorReportsAreMailed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	sink := mailtest.New(t, mailtest.Options{})
	env := []string{"HUB_DATABASE_URL=" + db.AppURL, newKeyset(t), "HUB_MAIL_URL=" + sink.URL(), "HUB_MAIL_FROM=hub@example.test"}
	s := serve(t, env)
	must(t, env, "organisation", "create", "Esimerkki Oy")
	a := api{t, s.url, must(t, env, "key", "create", "test", "--scope", "admin")}
	id := connect(a, newCompany(t, netvisor.Options{}))
	change[struct{}](a, "setSystemErrorReport", setReport, map[string]any{"in": map[string]any{"id": id, "email": "virheet@example.test"}})
	alter := func(sql string) {
		t.Helper()
		if _, err := db.Owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}

	arrived, killed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	sink.Hold(func(mailtest.Received) {
		once.Do(func() {
			close(arrived)
			<-killed
		})
	})
	alter(`INSERT INTO finding (organisation_id, id, code, system_id, external_id, message, raised_at)
		SELECT s.organisation_id, gen_random_uuid(), 'LINK_PARKED', s.id, n::text, 'Maija Malli.', now() - interval '1 hour'
		FROM system s, generate_series(9001, 9003) n`)
	select {
	case <-arrived:
	case <-time.After(patience):
		t.Fatal("no mail")
	}
	s.signal(syscall.SIGKILL)
	s.ends()
	close(killed)
	alter(`UPDATE error_report SET lease_until = now() - interval '1 second'`)

	s = serve(t, env)
	a.url = s.url
	eventually(t, "the mail", func() bool { return len(sink.Received()) == 2 })
	all := sink.Received()
	if first, second := all[0], all[1]; first.Raw != second.Raw || first.Subject != "Customer Hub: errors: 3 (Netvisor)" {
		t.Errorf("subject %q, and the second is another mail:\n%s\n%s", first.Subject, first.Raw, second.Raw)
	}
	eventually(t, "the note of it", func() bool { return a.reportOf(id).ErrorReport.State == "NOTHING_TO_REPORT" })
	s.stopped()

	without := serve(t, env[:2])
	without.says(without.errOut, "no mail server")
	if got := (api{t, without.url, a.key}).reportOf(id).ErrorReport; got.State != "NO_MAIL_SERVER" {
		t.Errorf("got %+v", got)
	}
	without.stopped()
}
