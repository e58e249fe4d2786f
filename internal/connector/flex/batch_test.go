package flex_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/connector"
	"customerhub/internal/fault"

	sandbox "customerhub/internal/sandbox/flex"
)

func batch(t *testing.T, conn connector.Connection, ids []string) []connector.Record {
	t.Helper()
	out, err := conn.(connector.BatchReader).ReadBatch(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// keys are the ids of records, each once.
func keys(t *testing.T, records []connector.Record) []string {
	t.Helper()
	out := map[string]bool{}
	for _, r := range records {
		if out[r.ExternalID] {
			t.Errorf("%s came twice", r.ExternalID)
		}
		out[r.ExternalID] = true
	}
	return slices.Sorted(maps.Keys(out))
}

// singles are the calls that read one customer.
func (rec *recorder) singles() (n int) {
	for _, name := range rec.names() {
		if strings.HasPrefix(name, "GET customers/") {
			n++
		}
	}
	return n
}

// TestBatchesOfARun reads everything that a list gave, as a run does.
func TestBatchesOfARun(t *testing.T) {
	t.Parallel()
	const n = 1000
	for _, size := range []int{200, 100, 30} {
		t.Run(fmt.Sprint("Of", size), func(t *testing.T) {
			t.Parallel()
			m := stand(t, n)
			conn, rec := m.recorded(t)
			listed, _ := rows(t, conn, "")
			if rec.forget(); len(listed) != n {
				t.Fatal(len(listed))
			}
			got := map[string]bool{}
			for part := range slices.Chunk(ids(listed), size) {
				for _, id := range keys(t, batch(t, conn, part)) {
					if got[id] || !slices.Contains(part, id) {
						t.Errorf("%s was read before, or nobody asked for it", id)
					}
					got[id] = true
				}
			}
			pages, batches := n/200, (n+size-1)/size
			if calls := len(rec.calls()); len(got) != n || rec.singles() > 0 || calls > pages+batches+1 {
				t.Errorf("%d records by %d calls: %v", len(got), calls, rec.names())
			}
		})
	}
	t.Run("R64_OfWhatChanged", func(t *testing.T) {
		t.Parallel()
		m := stand(t, n)
		conn, rec := m.recorded(t)
		_, cursor := rows(t, conn, "")
		for i := range 300 {
			m.edited(t, fmt.Sprint("fx_", 7001+i*3), func(c *sandbox.Customer) { c.Name2 = "Muutettu" })
		}
		listed, _ := rows(t, conn, cursor)
		rec.forget()
		read := 0
		for part := range slices.Chunk(ids(listed), 100) {
			got := batch(t, conn, part)
			read += len(got)
			for _, r := range got {
				if r.Fields["nameExtension"] != "Muutettu" {
					t.Errorf("%+v", r.Fields)
				}
			}
		}
		if read != 300 || rec.singles() > 0 || len(rec.calls()) > 7 {
			t.Errorf("%d records, calls %v", read, rec.names())
		}
		for _, c := range rec.calls() {
			if c.path == "customers" && !strings.Contains(c.query, "modifiedSince") {
				t.Errorf("everything is listed: %s", c.query)
			}
		}
	})
	t.Run("InTheMiddleOnAFreshConnection", func(t *testing.T) {
		t.Parallel()
		m := stand(t, n)
		conn, rec := m.recorded(t)
		if got := keys(t, batch(t, conn, numbered(600, 100))); !slices.Equal(got, numbered(600, 100)) {
			t.Errorf("%v", got)
		}
		if rec.singles() > 0 || len(rec.calls()) != 5 { // four pages, and the types
			t.Errorf("calls %v", rec.names())
		}
		rec.forget()
		if got := keys(t, batch(t, conn, numbered(700, 100))); !slices.Equal(got, numbered(700, 100)) || rec.singles() > 0 || len(rec.calls()) != 1 {
			t.Errorf("%v, calls %v", got, rec.names())
		}
		rec.forget()
		// What lies before is found again from the beginning.
		if got := keys(t, batch(t, conn, numbered(100, 100))); !slices.Equal(got, numbered(100, 100)) || rec.singles() > 0 || len(rec.calls()) > 4 {
			t.Errorf("%v, calls %v", got, rec.names())
		}
	})
	t.Run("ScatteredOnesAfterAListOfWhatChanged", func(t *testing.T) {
		t.Parallel()
		m := stand(t, n)
		conn, rec := m.recorded(t)
		_, cursor := rows(t, conn, "")
		m.edited(t, "fx_7500", func(c *sandbox.Customer) { c.Name = "Muutettu Oy" })
		rows(t, conn, cursor)
		rec.forget()
		var wanted []string
		for i := range 20 {
			wanted = append(wanted, fmt.Sprint("fx_", 7001+i*50))
		}
		if got := keys(t, batch(t, conn, wanted)); !slices.Equal(got, wanted) || rec.singles() > 20 || len(rec.calls()) > 22 {
			t.Errorf("%v, calls %v", got, rec.names())
		}
	})
	t.Run("ThoseFarApartAreReadByThemselves", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 2000)
		conn, rec := m.recorded(t)
		wanted := append(numbered(0, 10), numbered(1990, 10)...)
		if got := keys(t, batch(t, conn, wanted)); !slices.Equal(got, wanted) || rec.singles() != 10 || len(rec.calls()) > 16 {
			t.Errorf("%v, calls %v", got, rec.names())
		}
	})
}

// TestBatches reads what is odd about many at once.
func TestBatches(t *testing.T) {
	t.Parallel()
	t.Run("TheSameAsAlone", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 300)
		conn := m.open(t)
		wanted := numbered(100, 150)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(wanted), func(i, j int) { wanted[i], wanted[j] = wanted[j], wanted[i] })
		got := batch(t, conn, wanted)
		if len(keys(t, got)) != 150 {
			t.Errorf("%d records", len(got))
		}
		for _, r := range got {
			if alone := read(t, conn, r.ExternalID); !reflect.DeepEqual(r, alone) {
				t.Errorf("in a batch\n%+v\nalone\n%+v", r, alone)
			}
		}
	})
	t.Run("AFewAreReadAsTheyAreNow", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 300)
		conn, rec := m.recorded(t)
		wanted := append(numbered(0, 7), "fx_9999")
		if got := keys(t, batch(t, conn, append(wanted, "fx_7001", "", "../x"))); !slices.Equal(got, numbered(0, 7)) {
			t.Errorf("%v", got)
		}
		if slices.Contains(rec.names(), "GET customers") || len(rec.calls()) != 9 {
			t.Errorf("calls %v", rec.names())
		}
	})
	t.Run("WhatIsNotThereIsMissing", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 300)
		conn, rec := m.recorded(t)
		unknown := []string{"fx_9001", "fx_9002", "no id", ""}
		if got := keys(t, batch(t, conn, append(numbered(0, 50), unknown...))); !slices.Equal(got, numbered(0, 50)) || rec.singles() != 2 {
			t.Errorf("%v, calls %v", got, rec.names())
		}
		if got := batch(t, conn, unknown); got != nil {
			t.Errorf("%+v", got)
		}
		if got := batch(t, conn, nil); got != nil {
			t.Errorf("%+v", got)
		}
	})
	t.Run("WhatAListLacksIsReadByItself", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 300)
		conn, rec := m.recorded(t)
		m.fault(sandbox.Fault{Kind: sandbox.FaultFewer, Fraction: 0.9, Path: "/customers", Query: "limit", Times: 1})(t)
		if got := keys(t, batch(t, conn, numbered(150, 50))); !slices.Equal(got, numbered(150, 50)) || rec.singles() != 20 {
			t.Errorf("%v, calls %v", got, rec.names())
		}
	})
	t.Run("OneThatIsThereTwiceComesOnce", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 50)
		m.fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageDoubled, Path: "/customers", Times: 1})(t)
		if got := keys(t, batch(t, m.open(t), numbered(0, 50))); len(got) != 50 {
			t.Errorf("%v", got)
		}
	})
	t.Run("OneWithoutAnIDIsReadByItself", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 50)
		m.fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageMissingID, Path: "/customers", Times: 1})(t)
		conn, rec := m.recorded(t)
		if got := keys(t, batch(t, conn, numbered(0, 50))); len(got) != 50 || rec.singles() != 1 {
			t.Errorf("%v, calls %v", got, rec.names())
		}
	})
	t.Run("TooManyAreRefused", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 1)
		conn, rec := m.recorded(t)
		if n := conn.(connector.BatchReader).BatchSize(); n != 200 {
			t.Errorf("the size is %d", n)
		}
		if got, err := conn.(connector.BatchReader).ReadBatch(t.Context(), numbered(0, 201)); err == nil || got != nil || len(rec.calls()) > 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	many := append(numbered(150, 100), "fx_9001")
	for name, tc := range map[string]struct {
		fault  sandbox.Fault
		wanted []string
		known  int
	}{
		"APageThatIsCutOff":   {sandbox.Fault{Kind: sandbox.FaultTruncate, Path: "/customers", From: 2, Times: 1, CleanEnd: true}, many, 100},
		"ASingleOneThatFails": {sandbox.Fault{Kind: sandbox.FaultStatus, Path: "/customers/fx_", Times: 1}, many, 100},
		"TypesThatFail":       {sandbox.Fault{Kind: sandbox.FaultStatus, Path: "/customer-types", Times: 1}, many, 100},
		"AnotherCustomer":     {sandbox.Fault{Kind: sandbox.FaultGarbage, Variant: sandbox.GarbageMissingID, Path: "/customers/fx_", Times: 1}, numbered(0, 3), 3},
		"AListThatIsRefused":  {sandbox.Fault{Kind: sandbox.FaultProblem, Status: 503, Code: "UNAVAILABLE", Path: "/customers", Times: 1}, many, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := stand(t, 450)
			conn := m.open(t)
			m.fault(tc.fault)(t)
			got, err := conn.(connector.BatchReader).ReadBatch(t.Context(), tc.wanted)
			if !fault.Is(err, fault.Unavailable) || got != nil {
				t.Errorf("%d records, %v", len(got), err)
			}
			if got := keys(t, batch(t, conn, tc.wanted)); len(got) != tc.known {
				t.Errorf("then %d", len(got))
			}
		})
	}
	t.Run("AListThatIsRefusedFromItsBeginning", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 450)
		m.refuse(http.StatusBadRequest, "MALFORMED_REQUEST")(t)
		conn, rec := m.recorded(t)
		if got, err := conn.(connector.BatchReader).ReadBatch(t.Context(), many); !fault.Is(err, fault.Rejected) || got != nil || len(rec.calls()) != 1 {
			t.Errorf("%d records, %v, calls %v", len(got), err, rec.names())
		}
	})
	t.Run("ThePlaceIsForgottenWithTheList", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 450)
		conn, rec := m.recorded(t)
		_, cursor := rows(t, conn, "")
		batch(t, conn, numbered(400, 50))
		// Another list has other places: a cursor belongs to its filters.
		rows(t, conn, cursor)
		rec.forget()
		if got := keys(t, batch(t, conn, numbered(0, 20))); len(got) != 20 {
			t.Errorf("%v", got)
		}
		for _, c := range rec.calls() {
			if strings.Contains(c.query, "cursor") {
				t.Errorf("%s?%s", c.path, c.query)
			}
		}
	})
	t.Run("APlaceThatFlexNoLongerKnows", func(t *testing.T) {
		t.Parallel()
		m := stand(t, 450)
		conn := m.open(t)
		rows(t, conn, "")
		batch(t, conn, numbered(200, 100))
		m.spoil(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"status":400,"code":"MALFORMED_REQUEST","detail":"the cursor is not one of a list with these filters"}`))
		})
		if got := keys(t, batch(t, conn, numbered(300, 100))); len(got) != 100 {
			t.Errorf("%v", got)
		}
	})
}
