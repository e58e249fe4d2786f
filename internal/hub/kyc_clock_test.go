package hub_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
	"customerhub/internal/hub"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/store"
	"customerhub/internal/system"
)

// clocked is a hub whose days a test chooses.
type clocked struct {
	bundle
	t      *testing.T
	kyc    system.System
	said   time.Time // when the service said something last
	moment time.Time
}

// clock has a hub at midnight of a day in Helsinki.
func clock(t *testing.T, day string) *clocked {
	t.Helper()
	c := &clocked{bundle: setup(t), t: t, said: time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)}
	c.kyc = system.System{ID: system.ID(store.NewID()), Kind: system.NetvisorKYC, Name: "KYC", State: system.Running}
	c.hub = c.replica(c.db.App)
	err := pg.InOrganisation(t.Context(), c.db.App, string(c.org()), pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return store.InsertSystem(ctx, tx, c.kyc)
	})
	if err != nil {
		t.Fatal(err)
	}
	c.is(day)
	return c
}

func (c *clocked) org() organisation.ID { return c.viewer.Organisation.ID }

// replica is another hub over the same database, which has the same time.
func (c *clocked) replica(pool *pgxpool.Pool) *hub.Hub {
	return hub.New(pool, hub.Options{Now: func() time.Time { return c.moment }})
}

// is makes it the first moment of a day in Helsinki.
func (c *clocked) is(day string) {
	c.t.Helper()
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err == nil {
		c.moment, err = time.ParseInLocation(time.DateOnly, day, helsinki)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// makes gives a new customer.
func (c *clocked) makes(name string) customer.ID {
	c.t.Helper()
	return c.create(c.t, customer.Fields{customer.FieldName: name}).ID
}

// says has the service say that a customer's due diligence expires on a day.
func (c *clocked) says(id customer.ID, expires string, alter ...func(*customer.KYC)) {
	c.t.Helper()
	c.said = c.said.Add(time.Minute)
	k := customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskStandard, DueDiligenceExpiresOn: expires, AsOf: c.said}
	for _, a := range alter {
		a(&k)
	}
	if _, err := c.hub.RecordKYC(c.t.Context(), c.org(), c.kyc, id, k); err != nil {
		c.t.Fatal(err)
	}
}

func in(state customer.KYCState) func(*customer.KYC) {
	return func(k *customer.KYC) { k.State = state }
}

// tells has the hub do its day.
func (c *clocked) tells() int {
	c.t.Helper()
	n, err := c.hub.TellExpiring(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

func (c *clocked) texts(sql string, args ...any) []string {
	c.t.Helper()
	rows, err := c.db.Owner.Query(c.t.Context(), sql, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// events are the days left and the last day of each event about a customer, in their order.
func (c *clocked) events(id customer.ID) []string {
	c.t.Helper()
	return c.texts(`SELECT fields -> 1 ->> 'after' || ' ' || (fields -> 0 ->> 'after') FROM change
		WHERE kind = 'KYC_EXPIRY_NEAR' AND customer_id = $1 ORDER BY change_no`, string(id))
}

// finding is the severity of the finding that stands about a customer, and what it says; empty when none does.
func (c *clocked) finding(id customer.ID) string {
	c.t.Helper()
	all := c.texts(`SELECT severity || ': ' || message FROM finding WHERE code = 'KYC_EXPIRES' AND customer_id = $1 AND resolved_at IS NULL`, string(id))
	return strings.Join(all, "; ")
}

func (c *clocked) want(id customer.ID, stands string, events ...string) {
	c.t.Helper()
	if got := c.events(id); !slices.Equal(got, events) {
		c.t.Errorf("%s: events %q, want %q", c.moment, got, events)
	}
	if got := c.finding(id); got != stands {
		c.t.Errorf("%s: the finding %q stands, want %q", c.moment, got, stands)
	}
}

func says(severity finding.Severity, day string, days int) string {
	return fmt.Sprintf("%s: The last day of the due diligence is %s, %d days away or fewer.", severity, day, days)
}

func over(day string) string {
	return "URGENT: The last day of the due diligence is " + day + "; after it, the due diligence has expired."
}

// TestTellExpiring lives through the days before a due diligence expires.
func TestTellExpiring(t *testing.T) {
	t.Parallel()
	t.Run("R47_EachThresholdOnceOverRestarts", func(t *testing.T) {
		t.Parallel()
		const last = "2028-02-29"
		c := clock(t, "2027-12-28")
		id := c.makes("A")
		c.says(id, last)
		told := 0
		for day := time.Date(2027, 12, 28, 0, 0, 0, 0, time.UTC); day.Before(time.Date(2028, 3, 5, 0, 0, 0, 0, time.UTC)); day = day.AddDate(0, 0, 1) {
			c.is(day.Format(time.DateOnly))
			c.hub = c.replica(c.db.App) // each day is another process, and looks several times
			for range 3 {
				told += c.tells()
				c.moment = c.moment.Add(7 * time.Hour)
			}
		}
		if told != 4 {
			t.Errorf("%d were told", told)
		}
		c.want(id, over(last), "60 "+last, "30 "+last, "7 "+last, "0 "+last)
		if got := c.texts(`SELECT kind FROM change WHERE customer_id = $1 AND finding_id IS NOT NULL ORDER BY change_no`, string(id)); !slices.Equal(got, []string{"FINDING_RAISED", "FINDING_RAISED", "FINDING_RAISED", "FINDING_RAISED"}) {
			t.Errorf("got %q", got)
		}
		if got := c.texts(`SELECT DISTINCT finding_id::text FROM change WHERE customer_id = $1 AND finding_id IS NOT NULL`, string(id)); len(got) != 1 {
			t.Errorf("it is %d findings", len(got))
		}
	})
	t.Run("TheFindingRises", func(t *testing.T) {
		t.Parallel()
		const last = "2026-12-01"
		c := clock(t, "2026-10-01")
		id := c.makes("A")
		c.says(id, last)
		c.tells()
		c.want(id, "")
		events := []string{}
		for _, step := range []struct{ day, left, stands string }{
			{"2026-10-02", "60", says(finding.Notice, last, 60)},
			{"2026-10-31", "", says(finding.Notice, last, 60)},
			{"2026-11-01", "30", says(finding.Warning, last, 30)},
			{"2026-11-24", "7", says(finding.Urgent, last, 7)},
			{"2026-12-01", "0", over(last)},
			{"2026-12-02", "", over(last)},
		} {
			c.is(step.day)
			c.tells()
			if step.left != "" {
				events = append(events, step.left+" "+last)
			}
			c.want(id, step.stands, events...)
			if told := c.texts(`SELECT id::text FROM finding WHERE report_id IS NOT NULL`); (len(told) == 0) != (step.left != "") {
				t.Errorf("%s: of %d findings a report has told", step.day, len(told))
			}
			c.owner(`UPDATE finding SET report_id = gen_random_uuid()`) // a report tells of it
		}
	})
	t.Run("AtTheFirstMomentOfTheDayInHelsinki", func(t *testing.T) {
		t.Parallel()
		for day, midnight := range map[string]string{
			"2026-03-29": "2026-03-28T22:00:00Z", // the day of 23 hours begins in winter time
			"2026-03-30": "2026-03-29T21:00:00Z",
			"2026-10-25": "2026-10-24T21:00:00Z", // the day of 25 hours begins in summer time
			"2026-10-26": "2026-10-25T22:00:00Z",
			"2028-02-29": "2028-02-28T22:00:00Z",
			"2028-03-01": "2028-02-29T22:00:00Z",
			"2027-01-01": "2026-12-31T22:00:00Z",
		} {
			c := clock(t, day)
			at, err := time.Parse(time.RFC3339, midnight)
			if err != nil || !at.Equal(c.moment) {
				t.Fatalf("%s begins at %s", day, c.moment.UTC())
			}
			c.moment = at.Add(-time.Second)
			id := c.makes("A")
			last := at.Add(12*time.Hour).AddDate(0, 0, 60).Format(time.DateOnly)
			c.says(id, last)
			if n := c.tells(); n != 0 {
				t.Errorf("%s: told before the day", day)
			}
			c.moment = at
			if n := c.tells(); n != 1 {
				t.Errorf("%s: %d were told at midnight", day, n)
			}
			c.want(id, says(finding.Notice, last, 60), "60 "+last)
		}
	})
	t.Run("AHubThatWasAwayTellsOfTheNearestAlone", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-10-01")
		soon, sooner, past := c.makes("A"), c.makes("B"), c.makes("C")
		c.says(soon, "2026-12-01")
		c.says(sooner, "2026-12-10")
		c.says(past, "2026-12-02")
		c.tells()
		c.is("2026-12-05")
		if n := c.tells(); n != 3 {
			t.Errorf("%d were told", n)
		}
		c.want(soon, over("2026-12-01"), "-4 2026-12-01")
		c.want(sooner, says(finding.Urgent, "2026-12-10", 7), "5 2026-12-10")
		c.want(past, over("2026-12-02"), "-3 2026-12-02")
	})
	t.Run("ADayThatGoesBackTellsNothing", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-24")
		id := c.makes("A")
		c.says(id, "2026-12-01")
		c.is("2026-11-01")
		c.tells()
		c.says(id, "2026-12-01", in(customer.KYCUnknown))
		c.want(id, says(finding.Urgent, "2026-12-01", 7), "7 2026-12-01")
	})
}

// TestExpiryWhenStatusesCome looks at what is told at once, when the service says something.
func TestExpiryWhenStatusesCome(t *testing.T) {
	t.Parallel()
	t.Run("InsideAThresholdTheNearestPassedOneOnce", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-11")
		id := c.makes("A")
		c.says(id, "2026-12-01")
		c.want(id, says(finding.Warning, "2026-12-01", 30), "20 2026-12-01")
		c.says(id, "2026-12-01", func(k *customer.KYC) { k.RiskClass = customer.RiskHigh })
		c.is("2026-11-12")
		c.tells()
		c.want(id, says(finding.Warning, "2026-12-01", 30), "20 2026-12-01")
	})
	t.Run("AnotherDayBeginsAnew", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-11")
		id := c.makes("A")
		c.says(id, "2026-12-01")
		first := c.texts(`SELECT id::text FROM finding WHERE code = 'KYC_EXPIRES'`)
		c.says(id, "2027-12-01")
		c.want(id, "", "20 2026-12-01")
		c.says(id, "2026-12-20")
		c.want(id, says(finding.Notice, "2026-12-20", 60), "20 2026-12-01", "39 2026-12-20")
		if again := c.texts(`SELECT id::text FROM finding WHERE code = 'KYC_EXPIRES' AND resolved_at IS NULL`); slices.Equal(first, again) {
			t.Error("the finding about another day stands")
		}
		c.says(id, "2026-12-12") // from one day that is near straight to another
		c.want(id, says(finding.Notice, "2026-12-12", 60), "20 2026-12-01", "39 2026-12-20", "31 2026-12-12")
		c.says(id, "2026-12-01") // a correction back to what was told
		c.want(id, says(finding.Warning, "2026-12-01", 30), "20 2026-12-01", "39 2026-12-20", "31 2026-12-12")
		c.is("2026-12-01")
		c.tells()
		c.want(id, over("2026-12-01"), "20 2026-12-01", "39 2026-12-20", "31 2026-12-12", "0 2026-12-01")
		c.says(id, "")
		c.want(id, "", "20 2026-12-01", "39 2026-12-20", "31 2026-12-12", "0 2026-12-01")
		if n := len(c.texts(`SELECT id::text FROM finding WHERE code = 'KYC_EXPIRES' AND resolved_by <> ''`)); n != 0 {
			t.Errorf("%d were resolved by a person", n)
		}
	})
	for _, state := range []customer.KYCState{customer.KYCEnded, customer.KYCRemoved, customer.KYCNotSent} {
		t.Run("NothingOnceTheServiceSays_"+string(state), func(t *testing.T) {
			t.Parallel()
			c := clock(t, "2026-11-11")
			id, never := c.makes("A"), c.makes("B")
			c.says(id, "2026-12-01")
			c.says(id, "2026-12-01", in(state))
			c.says(never, "2026-12-01", in(state))
			c.is("2026-12-01")
			if n := c.tells(); n != 0 {
				t.Errorf("%d were told", n)
			}
			c.want(id, "", "20 2026-12-01")
			c.want(never, "")
			c.says(id, "2026-12-01")
			c.want(id, over("2026-12-01"), "20 2026-12-01", "0 2026-12-01")
		})
	}
	t.Run("AStateThatTheHubDoesNotKnowIsWatched", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-12-01")
		id := c.makes("A")
		c.says(id, "2026-12-01", in(customer.KYCUnknown))
		c.want(id, over("2026-12-01"), "0 2026-12-01")
	})
	t.Run("OutOfUseItEndsAndInUseItStandsAgain", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-11")
		id := c.makes("A")
		c.says(id, "2026-12-01")
		c.must(c.hub.DeactivateCustomer(t.Context(), c.viewer, id, nil, ""))
		c.want(id, "", "20 2026-12-01")
		c.is("2026-11-24")
		c.tells()
		c.want(id, "", "20 2026-12-01")
		c.is("2026-11-12")
		c.must(c.hub.ReactivateCustomer(t.Context(), c.viewer, id, nil, ""))
		c.want(id, says(finding.Warning, "2026-12-01", 30), "20 2026-12-01")
		c.must(c.hub.DeactivateCustomer(t.Context(), c.viewer, id, nil, ""))
		c.is("2026-11-25")
		c.must(c.hub.ReactivateCustomer(t.Context(), c.viewer, id, nil, ""))
		c.want(id, says(finding.Urgent, "2026-12-01", 7), "20 2026-12-01", "6 2026-12-01")
	})
	t.Run("AMergedCustomerHasNone", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-11")
		keep, merge := c.makes("A Oy"), c.makes("A Ab")
		c.says(merge, "2026-12-01")
		done, err := c.hub.MergeCustomers(t.Context(), c.viewer, hub.MergeCustomers{Keep: keep, Merge: merge}, "")
		if err != nil {
			t.Fatal(err)
		}
		c.want(merge, "", "20 2026-12-01")
		c.want(keep, says(finding.Warning, "2026-12-01", 30), "20 2026-12-01")
		c.is("2026-11-24")
		c.tells()
		c.want(merge, "", "20 2026-12-01")
		c.want(keep, says(finding.Urgent, "2026-12-01", 7), "20 2026-12-01", "7 2026-12-01")
		if _, err := c.hub.UnmergeCustomers(t.Context(), c.viewer, hub.UnmergeCustomers{Merge: done.ID}, ""); err != nil {
			t.Fatal(err)
		}
		c.want(merge, says(finding.Urgent, "2026-12-01", 7), "20 2026-12-01", "7 2026-12-01")
		c.want(keep, "", "20 2026-12-01", "7 2026-12-01")
	})
	t.Run("WhoSettlesItHearsOfTheNext", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-11")
		id := c.makes("A")
		c.says(id, "2026-12-01")
		settle := func() {
			t.Helper()
			standing := c.texts(`SELECT id::text FROM finding WHERE code = 'KYC_EXPIRES' AND resolved_at IS NULL`)
			if _, err := c.hub.ResolveFinding(t.Context(), c.viewer, finding.ID(standing[0]), "Tietopyyntö on lähetetty.", ""); err != nil {
				t.Fatal(err)
			}
		}
		settle()
		c.says(id, "2026-12-01", func(k *customer.KYC) { k.RiskClass = customer.RiskHigh })
		c.is("2026-11-12")
		c.tells()
		c.want(id, "", "20 2026-12-01")
		c.is("2026-11-24")
		c.tells()
		c.want(id, says(finding.Urgent, "2026-12-01", 7), "20 2026-12-01", "7 2026-12-01")
		settle()
		c.is("2026-12-01")
		c.tells()
		settle()
		c.is("2026-12-24")
		c.tells()
		c.want(id, "", "20 2026-12-01", "7 2026-12-01", "0 2026-12-01")
	})
	t.Run("AReadingOfTheRecordDoesNotEndIt", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-11")
		id := c.makes("A")
		c.says(id, "2026-12-01")
		c.inOrganisation(func(ctx context.Context, tx pgx.Tx) error {
			noted, err := store.SyncFindings(ctx, tx, c.kyc.ID, []string{"", "cust_1"}, nil)
			if len(noted) > 0 {
				t.Errorf("it altered %+v", noted)
			}
			return err
		})
		c.want(id, says(finding.Warning, "2026-12-01", 30), "20 2026-12-01")
	})
	t.Run("TheDatabaseKeepsItOnce", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-11")
		id := c.makes("A")
		c.says(id, "2026-12-01")
		for _, sql := range []string{
			`INSERT INTO kyc_notice (organisation_id, customer_id, expires_on, days) SELECT organisation_id, customer_id, expires_on, days FROM kyc_notice`,
			`INSERT INTO finding (organisation_id, id, code, customer_id, message) SELECT organisation_id, gen_random_uuid(), code, customer_id, message FROM finding`,
		} {
			if _, err := c.db.Owner.Exec(t.Context(), sql); pg.SQLState(err) != "23505" {
				t.Errorf("got %v", err)
			}
		}
		c.want(id, says(finding.Warning, "2026-12-01", 30), "20 2026-12-01")
	})
}

func (c *clocked) must(_ hub.CustomerView, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *clocked) owner(sql string, args ...any) {
	c.t.Helper()
	if _, err := c.db.Owner.Exec(c.t.Context(), sql, args...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *clocked) inOrganisation(fn func(context.Context, pgx.Tx) error) {
	c.t.Helper()
	if err := pg.InOrganisation(c.t.Context(), c.db.App, string(c.org()), pg.TxOptions{}, fn); err != nil {
		c.t.Fatal(err)
	}
}

// many stores customers whose due diligence expires on a day, past the hub, which therefore told nothing of them yet.
func (c *clocked) many(n int, expires string) {
	c.t.Helper()
	c.owner(`INSERT INTO customer (organisation_id, id, kind, status, name, name_sort, search_text, kyc_state, kyc_expires_on)
		SELECT $1, gen_random_uuid(), 'COMPANY', 'ACTIVE', $2::text || ' ' || n, '\x00', n::text, 'CUSTOMER', $2::text::date FROM generate_series(1, $3) n`, string(c.org()), expires, n)
	c.owner(`INSERT INTO kyc_status (organisation_id, customer_id, id, state, risk_class, due_diligence_expires_on, source_system, as_of)
		SELECT c.organisation_id, c.id, gen_random_uuid(), 'CUSTOMER', 'STANDARD', c.kyc_expires_on, $1, now()
		FROM customer c WHERE c.kyc_expires_on = $2::text::date`, string(c.kyc.ID), expires)
}

// audit holds that each of so many customers has one event and one finding, and that the numbers of its changes have no holes.
func (c *clocked) audit(customers int) {
	c.t.Helper()
	if got := c.texts(`SELECT count(*) || ' ' || count(DISTINCT customer_id) FROM change WHERE kind = 'KYC_EXPIRY_NEAR'`); got[0] != fmt.Sprintf("%d %d", customers, customers) {
		c.t.Errorf("events and customers with one: %s, want %d of each", got[0], customers)
	}
	if got := c.texts(`SELECT count(*) || ' ' || count(DISTINCT customer_id) FROM finding WHERE code = 'KYC_EXPIRES'`); got[0] != fmt.Sprintf("%d %d", customers, customers) {
		c.t.Errorf("findings and customers with one: %s, want %d of each", got[0], customers)
	}
	if got := c.texts(`SELECT c.id::text FROM customer c
		LEFT JOIN (SELECT customer_id, count(*) AS many, max(change_no) AS last FROM change GROUP BY customer_id) h ON h.customer_id = c.id
		WHERE (c.change_no, c.change_no) IS DISTINCT FROM (coalesce(h.many, 0), coalesce(h.last, 0))`); len(got) > 0 {
		c.t.Errorf("%d customers have changes that are missing, or numbers given twice", len(got))
	}
}

func TestExpiryOfMany(t *testing.T) {
	t.Parallel()
	t.Run("TwoReplicasTellEachOnce", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-01")
		const customers = 2300
		c.many(customers, "2026-12-01")
		c.many(300, "2027-12-01")
		var racing sync.WaitGroup
		var told [4]int
		for i := range told {
			pool, err := pg.Open(t.Context(), c.db.AppURL, pg.Options{MaxConns: 2})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(pool.Close)
			h := c.replica(pool)
			racing.Go(func() {
				for range 8 {
					n, err := h.TellExpiring(t.Context())
					if err != nil {
						t.Error(err)
					}
					told[i] += n
				}
			})
		}
		racing.Wait()
		total := c.tells()
		for _, n := range told {
			total += n
		}
		if total != customers {
			t.Errorf("%v were told, %d in all", told, total)
		}
		c.audit(customers)
	})
	t.Run("StatusesThatComeMeanwhileAreToldOnceToo", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-01")
		const customers = 60
		c.many(customers, "2026-12-01")
		ids := c.texts(`SELECT id::text FROM customer ORDER BY id`)
		other := c.replica(c.db.App)
		var racing sync.WaitGroup
		racing.Go(func() {
			for range 20 {
				if _, err := other.TellExpiring(t.Context()); err != nil {
					t.Error(err)
				}
				c.owner(`UPDATE kyc_clock SET day = '-infinity'`)
			}
		})
		racing.Go(func() {
			for _, id := range ids {
				k := customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskHigh, DueDiligenceExpiresOn: "2026-12-01", AsOf: time.Now().Add(time.Hour)}
				if _, err := c.hub.RecordKYC(t.Context(), c.org(), c.kyc, customer.ID(id), k); err != nil {
					t.Error(err)
				}
			}
		})
		racing.Wait()
		c.tells()
		c.audit(customers)
	})
	t.Run("AHubThatEndsHalfWayLeavesTheRestToTheNext", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-01")
		const customers = 1700
		c.many(customers, "2026-12-01")
		ctx, end := context.WithCancel(t.Context())
		defer end()
		dying := hub.New(c.db.App, hub.Options{Now: func() time.Time { return c.moment }, Wake: func(hub.Topic, organisation.ID) { end() }})
		n, err := dying.TellExpiring(ctx)
		if err == nil || n != 500 {
			t.Errorf("%d were told, %v", n, err)
		}
		if rest := c.tells(); rest != customers-n {
			t.Errorf("the next told of %d", rest)
		}
		c.audit(customers)
	})
	t.Run("P7_EachOrganisationHasItsOwn", func(t *testing.T) {
		t.Parallel()
		c := clock(t, "2026-11-01")
		c.many(3, "2026-12-01")
		other := newOrganisation(t, c.hub, "Toinen Oy")
		if n := c.tells(); n != 3 {
			t.Errorf("%d were told", n)
		}
		page, err := c.hub.Changes(t.Context(), auth.Viewer{Scopes: []auth.Scope{auth.Admin}, Organisation: other.Organisation}, "", 100)
		if err != nil || len(page.Items) != 0 {
			t.Errorf("the other sees %+v, %v", page, err)
		}
		if days := c.texts(`SELECT day::text FROM kyc_clock`); !slices.Equal(days, []string{"2026-11-01", "2026-11-01"}) {
			t.Errorf("got %v", days)
		}
	})
}

// TestTenThousandExpire runs by itself: it looks at the memory of the process.
func TestTenThousandExpire(t *testing.T) { //nolint:paralleltest // see above
	if testing.Short() {
		t.Skip("it stores ten thousand customers")
	}
	c := clock(t, "2026-11-01")
	const customers = 10_000
	c.many(customers, "2026-12-01")
	c.owner(`ANALYZE`)
	var held []uint64
	c.hub = hub.New(c.db.App, hub.Options{Now: func() time.Time { return c.moment }, Wake: func(hub.Topic, organisation.ID) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		held = append(held, m.HeapAlloc)
	}})
	began := time.Now()
	if n := c.tells(); n != customers {
		t.Errorf("%d were told", n)
	}
	took := time.Since(began)
	c.audit(customers)
	if len(held) != customers/500 {
		t.Fatalf("it took %d pages", len(held))
	}
	const growth = 4 << 20
	if first, last := held[1], held[len(held)-1]; last > first+growth {
		t.Errorf("after two pages it holds %d bytes, at the end %d", first, last)
	}
	c.is("2026-11-02")
	began = time.Now()
	if n := c.tells(); n != 0 {
		t.Errorf("%d were told again", n)
	}
	t.Logf("%d told in %s, holding %d to %d KiB; the next day was looked at in %s", customers, took, slices.Min(held)>>10, slices.Max(held)>>10, time.Since(began))
}
