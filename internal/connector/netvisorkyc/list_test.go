package netvisorkyc

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
)

func change(entity, id string) string {
	return fmt.Sprintf(`{"seq":1,"entity":%q,"id":%q,"type":"UPDATED","revision":1,"at":"2026-11-20T08:00:00Z"}`, entity, id)
}

func TestList(t *testing.T) {
	t.Parallel()
	empty := map[string]string{"GET changes?limit=500": page(), "GET candidates?limit=500": page(), "GET customers?limit=500": page()}
	t.Run("NothingAtAll", func(t *testing.T) {
		t.Parallel()
		s := serves(t, with(empty))
		rows, result, err := s.rows(t.Context(), "")
		if err != nil || rows != nil || result.Cursor == "" {
			t.Errorf("%v, %+v, %v", rows, result, err)
		}
		// A feed that has named no place yet is looked at from its beginning.
		if rows, next, err := s.rows(t.Context(), result.Cursor); err != nil || rows != nil || next != result {
			t.Errorf("%v, %+v, %v", rows, next, err)
		}
		if names := s.names(); !slices.Equal(names, []string{"GET changes?limit=500", "GET candidates?limit=500", "GET customers?limit=500", "GET changes?limit=500"}) {
			t.Errorf("calls %v", names)
		}
	})
	t.Run("TheFeedIsLookedAtBeforeTheLists", func(t *testing.T) {
		t.Parallel()
		s := serves(t, with(empty))
		if _, _, err := s.rows(t.Context(), "no cursor of ours"); err != nil {
			t.Fatal(err)
		}
		if names := s.names(); len(names) != 3 || !strings.HasPrefix(names[0], "GET changes") {
			t.Errorf("calls %v", names)
		}
	})
	t.Run("AcceptedCandidatesMayBeListedOrNot", func(t *testing.T) {
		t.Parallel()
		for _, listed := range []string{page(), page(aCandidate("cand_1001", `{"state":"ACCEPTED"}`))} {
			s := serves(t, with(map[string]string{
				"GET changes?limit=500": page(), "GET candidates?limit=500": listed, "GET customers?limit=500": page(aCustomer("cust_501", "")),
			}))
			if rows, _, err := s.rows(t.Context(), ""); err != nil || !slices.Equal(ids(rows), []string{"candidates/cand_1001"}) {
				t.Errorf("%v, %v", rows, err)
			}
		}
	})
	t.Run("ARecordThatMovesWhileItIsListedComesOnce", func(t *testing.T) {
		t.Parallel()
		s := serves(t, with(map[string]string{
			"GET changes?limit=500":              page(),
			"GET candidates?limit=500":           more("p1", aCandidate("cand_1", ""), aCandidate("cand_2", "")),
			"GET candidates?cursor=p1&limit=500": page(aCandidate("cand_1", `{"state":"ANSWERED"}`)),
			"GET customers?limit=500":            page(aCustomer("cust_1", `{"candidateId":"cand_2"}`)),
		}))
		if rows, _, err := s.rows(t.Context(), ""); err != nil || !slices.Equal(ids(rows), []string{"candidates/cand_1", "candidates/cand_2"}) {
			t.Errorf("%v, %v", rows, err)
		}
	})
	t.Run("ARowWithoutAnIDIsExcludedAndHidesNoOther", func(t *testing.T) {
		t.Parallel()
		s := serves(t, with(map[string]string{
			"GET changes?limit=500":    page(),
			"GET candidates?limit=500": page(aCandidate("cand_1", `{"id":null}`), aCandidate("cand_2", `{"id":"../x"}`), `[]`, aCandidate("cand_3", `{"name":"010190-900P Oy"}`)),
			"GET customers?limit=500":  page(),
		}))
		rows, _, err := s.rows(t.Context(), "")
		if err != nil || !slices.Equal(ids(rows), []string{"", "", "", "candidates/cand_3"}) || rows[0].Excluded != KeyMissing || rows[3].Excluded != "" {
			t.Errorf("%+v, %v", rows, err)
		}
		if rows[3].Name != "******-**** Oy" {
			t.Errorf("Promise 11: %q", rows[3].Name)
		}
	})
	t.Run("T13_ALaterPageThatBreaksMakesItNoList", func(t *testing.T) {
		t.Parallel()
		whole := page(aCandidate("cand_2", ""))
		s := serves(t, with(map[string]string{
			"GET changes?limit=500": page(), "GET customers?limit=500": page(),
			"GET candidates?limit=500":           more("p1", aCandidate("cand_1", "")),
			"GET candidates?cursor=p1&limit=500": whole[:len(whole)-9],
		}))
		rows, result, err := s.rows(t.Context(), "")
		if !fault.Is(err, fault.Unavailable) || result.Cursor != "" || len(rows) != 1 {
			t.Errorf("%v, %+v, %v", rows, result, err)
		}
	})
	t.Run("PagesThatComeToNoEnd", func(t *testing.T) {
		t.Parallel()
		s := serves(t, always(200, more("same", aCandidate("cand_1", ""))))
		if _, result, err := s.rows(t.Context(), ""); !fault.Is(err, fault.Unavailable) || result.Cursor != "" || len(s.calls()) != 2 {
			t.Errorf("%+v, %v, calls %v", result, err, s.names())
		}
	})
	t.Run("TheReadersErrorComesBackAsItIs", func(t *testing.T) {
		t.Parallel()
		stop := fault.New(fault.Unavailable, "The database says so.")
		for since, answers := range map[string]map[string]string{
			"":              {"GET changes?limit=500": page(), "GET candidates?limit=500": page(aCandidate("cand_1", "")), "GET customers?limit=500": page()},
			cursorMark + "": {"GET changes?limit=500": page(change("CANDIDATE", "cand_1"))},
		} {
			s := serves(t, with(answers))
			result, err := s.List(t.Context(), since, func(connector.Row) error { return stop })
			if err != error(stop) || result.Cursor != "" { //nolint:errorlint // as it is
				t.Errorf("%q: %v", since, err)
			}
		}
	})
}

func TestListFromACursor(t *testing.T) {
	t.Parallel()
	t.Run("InOrderAndOnce", func(t *testing.T) {
		t.Parallel()
		s := serves(t, with(map[string]string{
			"GET changes?cursor=c1&limit=500": more("c2", change("CANDIDATE", "cand_2"), change("CUSTOMER", "cust_501"), change("CANDIDATE", "cand_2")),
			"GET changes?cursor=c2&limit=500": `{"items":[` + strings.Join([]string{
				change("CUSTOMER", "cust_501"), change("INTEGRATION", "int_1"), change("CANDIDATE", "cand_1001"), change("CUSTOMER", "cust_9"),
				change("CUSTOMER", "cust_gone"), change("SOMETHING", "x_1"), change("CANDIDATE", ""), change("CANDIDATE", "cand_9"),
			}, ",") + `],"nextCursor":"c3","hasMore":false}`,
			"GET customers/cust_501": aCustomer("cust_501", ""), "GET customers/cust_9": aCustomer("cust_9", `{"candidateId":null}`),
		}))
		rows, result, err := s.rows(t.Context(), cursorMark+"c1")
		want := []string{"candidates/cand_2", "candidates/cand_1001", "customers/cust_9", "customers/cust_gone", "candidates/cand_9"}
		if err != nil || !slices.Equal(ids(rows), want) || result.Cursor != cursorMark+"c3" {
			t.Errorf("%v, %+v, %v", ids(rows), result, err)
		}
		if n := len(s.calls()); n != 5 { // two pages, and each customer once
			t.Errorf("calls %v", s.names())
		}
	})
	t.Run("ManyCustomersAreLookedUpInTheList", func(t *testing.T) {
		t.Parallel()
		var changes, all []string
		for i := range 30 {
			id := fmt.Sprint("cust_", i)
			changes = append(changes, change("CUSTOMER", id))
			if i != 7 {
				all = append(all, aCustomer(id, fmt.Sprintf(`{"candidateId":"cand_%d"}`, i)))
			}
		}
		s := serves(t, with(map[string]string{
			"GET changes?cursor=c1&limit=500": `{"items":[` + strings.Join(changes, ",") + `],"nextCursor":"c2","hasMore":false}`,
			"GET customers?limit=500":         page(all...),
		}))
		rows, _, err := s.rows(t.Context(), cursorMark+"c1")
		if err != nil || len(rows) != 30 || rows[3].ExternalID != "candidates/cand_3" || rows[7].ExternalID != "customers/cust_7" || len(s.calls()) != 2 {
			t.Errorf("%v, %v, calls %v", ids(rows), err, s.names())
		}
	})
	for code, status := range map[string]int{CursorExpired: http.StatusGone, "VALIDATION_FAILED": http.StatusBadRequest} {
		t.Run("T_"+code+"_ListsEverythingAnew", func(t *testing.T) {
			t.Parallel()
			answers := with(map[string]string{
				"GET changes?limit=500": `{"items":[],"nextCursor":"c9","hasMore":false}`, "GET candidates?limit=500": page(aCandidate("cand_1", "")),
				"GET customers?limit=500": page(aCustomer("cust_501", "")),
			})
			s := serves(t, func(name string) (int, string) {
				if strings.Contains(name, "cursor=old") {
					return status, refused(status, code)
				}
				return answers(name)
			})
			rows, result, err := s.rows(t.Context(), cursorMark+"old")
			if err != nil || !slices.Equal(ids(rows), []string{"candidates/cand_1", "candidates/cand_1001"}) || result.Cursor != cursorMark+"c9" {
				t.Errorf("%v, %+v, %v", rows, result, err)
			}
		})
	}
	t.Run("ACustomerThatCannotBeLookedUpEndsIt", func(t *testing.T) {
		t.Parallel()
		s := serves(t, func(name string) (int, string) {
			if strings.HasPrefix(name, "GET changes") {
				return 200, page(change("CANDIDATE", "cand_1"), change("CUSTOMER", "cust_501"))
			}
			return 503, refused(503, "UNAVAILABLE")
		})
		if rows, result, err := s.rows(t.Context(), cursorMark+"c1"); !fault.Is(err, fault.Unavailable) || rows != nil || result.Cursor != "" {
			t.Errorf("%v, %+v, %v", rows, result, err)
		}
	})
}

// TestBatches takes many records from the lists, and says the same of each as reading it.
func TestBatches(t *testing.T) {
	t.Parallel()
	const n = 60
	tells := func(tellsContacts bool) map[string]string {
		answers := map[string]string{}
		var waiting, taken, known []string
		without := `{}`
		if !tellsContacts {
			without = `{"contactPerson":null,"source":null}`
		}
		for i := range n {
			id := fmt.Sprint("cand_", i)
			if i%3 > 0 {
				one := aCandidate(id, fmt.Sprintf(`{"name":"Yritys %d Oy"}`, i))
				answers["GET candidates/"+id] = one
				waiting = append(waiting, one)
				continue
			}
			was := aCandidate(id, fmt.Sprintf(`{"state":"ACCEPTED","source":{"externalId":"%d"}}`, i))
			one := changed(aCustomer(fmt.Sprint("cust_", i), fmt.Sprintf(`{"candidateId":%q,"source":{"externalId":"%d"},"status":{"statusRevision":%d}}`, id, i, i)), without)
			answers["GET candidates/"+id] = was
			answers[fmt.Sprint("GET customers/by-source/NETVISOR/", i)] = one
			taken, known = append(taken, one), append(known, was)
		}
		direct := aCustomer("cust_direct", `{"candidateId":null}`)
		answers["GET customers/cust_direct"] = direct
		answers["GET candidates?limit=500"] = more("p1", waiting[:10]...)
		answers["GET candidates?cursor=p1&limit=500"] = page(waiting[10:]...)
		answers["GET candidates?limit=500&state=ACCEPTED"] = page(known...)
		answers["GET customers?limit=500"] = page(append(taken, direct)...)
		return answers
	}
	for name, tc := range map[string]struct {
		tellsContacts bool
		calls         int
	}{"CustomersTellTheirContactPersons": {true, 3}, "CandidatesAloneTellContactPersons": {false, 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serves(t, with(tells(tc.tellsContacts)))
			wanted := append(many(n), "customers/cust_direct", "candidates/cand_0", "no id", "candidates/cand_never")
			got, err := s.ReadBatch(t.Context(), wanted)
			if err != nil || len(got) != n+1 {
				t.Fatalf("%d records, %v", len(got), err)
			}
			if calls := len(s.calls()); calls != tc.calls+1 { // and the one that is not listed
				t.Errorf("calls %v", s.names())
			}
			for _, r := range got {
				single, err := s.Read(t.Context(), r.ExternalID)
				if err != nil || fmt.Sprintf("%+v %+v", r, *r.KYC) != fmt.Sprintf("%+v %+v", single, *single.KYC) && !sameRecord(r, single) {
					t.Errorf("in a batch\n%+v %+v\nalone\n%+v %+v, %v", r, r.KYC, single, single.KYC, err)
				}
			}
		})
	}
	t.Run("TheBatchesOfARunShareOneReading", func(t *testing.T) {
		t.Parallel()
		s := serves(t, with(tells(true)))
		now := noon
		s.now = func() time.Time { return now }
		for range 5 {
			if _, err := s.ReadBatch(t.Context(), many(n)); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.calls()) != 3 {
			t.Errorf("calls %v", s.names())
		}
		now = now.Add(snapshotTime + time.Second)
		if _, err := s.ReadBatch(t.Context(), many(n)); err != nil || len(s.calls()) != 6 {
			t.Errorf("calls %v, %v", s.names(), err)
		}
	})
	t.Run("AFewAreReadAsTheyAreNow", func(t *testing.T) {
		t.Parallel()
		s := serves(t, with(tells(true)))
		if got, err := s.ReadBatch(t.Context(), many(few)); err != nil || len(got) != few || slices.ContainsFunc(s.names(), func(c string) bool { return strings.Contains(c, "limit") }) {
			t.Errorf("%d records, %v, calls %v", len(got), err, s.names())
		}
	})
	t.Run("ADeletedCandidateSaysSo", func(t *testing.T) {
		t.Parallel()
		s := serves(t, func(name string) (int, string) {
			switch {
			case strings.Contains(name, "candidates?"):
				return 200, page(aCandidate("cand_2", `{"state":"DELETED"}`))
			case strings.Contains(name, "customers?"):
				return 200, page()
			}
			return 410, refused(410, CandidateDeleted)
		})
		for _, ids := range [][]string{many(3), many(20)} {
			got, err := s.ReadBatch(t.Context(), ids)
			if err != nil || len(got) != len(ids) || !got[2].Deleted || got[2].KYC != nil || got[2].Fields != nil {
				t.Errorf("%+v, %v", got, err)
			}
		}
	})
	t.Run("OneThatFailsMakesItNoBatch", func(t *testing.T) {
		t.Parallel()
		s := serves(t, func(name string) (int, string) {
			if strings.Contains(name, "?") {
				return 200, page()
			}
			return 500, refused(500, "UNAVAILABLE")
		})
		if got, err := s.ReadBatch(t.Context(), many(20)); !fault.Is(err, fault.Unavailable) || got != nil {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func sameRecord(a, b connector.Record) bool {
	x, y := *a.KYC, *b.KYC
	return a.ExternalID == b.ExternalID && a.Fields.Equal(b.Fields) && a.Source == b.Source && x.Same(&y) && x.Person == y.Person && x.Revision == y.Revision && x.AsOf.Equal(y.AsOf)
}
