package netvisorkyc

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestUpserts(t *testing.T) {
	t.Parallel()
	const (
		path   = "/candidates/by-source/NETVISOR/123"
		source = `"source":{"customerNumber":"2001"}`
	)
	start := func(t *testing.T) *bench {
		t.Parallel()
		b := running(t, Options{})
		b.upsert(t, "123", idOne).want(t, 201, "")
		return b
	}
	t.Run("TheSameBodyHasNoRevision", func(t *testing.T) {
		b := start(t)
		before := len(b.Changes(""))
		for range 3 {
			if got := b.upsert(t, "123", idOne).want(t, 200, ""); got.text("etag") != `"1"` {
				t.Error(got.raw)
			}
		}
		if len(b.Changes("")) != before || len(b.Candidates("")) != 1 {
			t.Error("an upsert that changed nothing is told")
		}
	})
	t.Run("AChangeHasOne", func(t *testing.T) {
		b := start(t)
		got := b.send(t, "PUT", path, `{"businessId":"`+idTwo+`","name":"Uusi Oy",`+source+`}`).want(t, 200, "")
		if got.text("etag") != `"2"` || got.text("name") != "Uusi Oy" || got.text("businessId") != idTwo || got.text("id") != "cand_1001" {
			t.Error(got.raw)
		}
		b.upsert(t, "9", idOne).want(t, 201, "") // the old business id is free
	})
	t.Run("R52_AnEmptyContactPersonErasesNothing", func(t *testing.T) {
		b := start(t)
		if err := b.EditCandidate("cand_1001", CandidateEdit{ContactPerson: &ContactEdit{Phone: new("+358400000000"), Email: new("kyc@example.test")}}); err != nil {
			t.Fatal(err)
		}
		for _, contact := range []string{`null`, `{}`, `{"firstName":"","lastName":"","email":"","phone":"","language":""}`, `{"email":null}`} {
			b.send(t, "PUT", path, `{"name":"Esimerkki 123 Oy","contactPerson":`+contact+`}`).want(t, 200, "")
			b.send(t, "PATCH", "/candidates/cand_1001", `{"contactPerson":`+contact+`}`).want(t, 200, "")
		}
		got := b.send(t, "PUT", path, `{"contactPerson":{"email":"netvisor@example.test","phone":""}}`).want(t, 200, "")
		if got.text("contactPerson.firstName") != "Aino" || got.text("contactPerson.phone") != "+358400000000" || got.text("contactPerson.email") != "netvisor@example.test" {
			t.Error(got.raw)
		}
	})
	t.Run("DeletedStaysDeletedUnlessSentAgain", func(t *testing.T) { // scenario 6
		b := start(t)
		b.send(t, "DELETE", "/candidates/cand_1001", "").want(t, 204, "")
		b.send(t, "PUT", path, `{"businessId":"`+idOne+`","name":"Uusi nimi Oy"}`).want(t, 410, CodeCandidateDeleted)
		b.send(t, "PUT", path, `{"businessId":"`+idOne+`","name":"Uusi nimi Oy","resurrect":false}`).want(t, 410, CodeCandidateDeleted)
		made := b.send(t, "PUT", path, `{"businessId":"`+idOne+`","name":"Uusi nimi Oy","resurrect":true}`).want(t, 201, "")
		if made.text("id") != "cand_1002" || made.text("state") != Incomplete || made.at("contactPerson") != nil {
			t.Error(made.raw)
		}
		b.send(t, "PUT", path, `{"businessId":"`+idOne+`","name":"Uusi nimi Oy","resurrect":true}`).want(t, 200, "")
		b.send(t, "GET", "/candidates/cand_1001", "").want(t, 410, CodeCandidateDeleted)
		if got := b.send(t, "GET", "/candidates?state=DELETED", "").items(); len(got) != 1 {
			t.Error("the tombstone is not listed")
		}
	})
	t.Run("ACustomerWithAnotherBusinessIDIsKnownAnew", func(t *testing.T) { // contract section 7
		t.Parallel()
		b := running(t, Options{})
		b.customer(t, "123", idOne, Assessment{RiskClass: High, ReviewIntervalMonths: 12})
		b.upsert(t, "123", idOne).want(t, 409, CodeAlreadyCustomer)
		if got := b.upsert(t, "123", idTwo).want(t, 201, ""); got.text("id") != "cand_1002" {
			t.Error(got.raw)
		}
		if got := b.upsert(t, "123", idTwo).want(t, 200, ""); got.text("id") != "cand_1002" {
			t.Error(got.raw)
		}
		if got := b.send(t, "GET", "/customers/by-source/NETVISOR/123", "").text("businessId"); got != idOne {
			t.Error(got)
		}
	})
	t.Run("TheBusinessIDOfAnEndedCustomerIsFree", func(t *testing.T) {
		t.Parallel()
		b := running(t, Options{})
		made := b.customer(t, "1", idOne, Assessment{RiskClass: High, ReviewIntervalMonths: 12})
		b.upsert(t, "2", idOne).want(t, 409, CodeAlreadyCustomer)
		b.send(t, "POST", "/customers/"+made.ID+"/end", "").want(t, 200, "")
		b.upsert(t, "2", idOne).want(t, 201, "")
		b.upsert(t, "1", idOne).want(t, 409, CodeAlreadyCustomer)
	})
	t.Run("R28_OnlyWithContactPerson", func(t *testing.T) {
		t.Parallel()
		b := running(t, Options{})
		b.send(t, "PUT", "/integration", `{"onlyWithContactPerson":true}`).want(t, 200, "")
		b.send(t, "PUT", path, `{"businessId":"`+idOne+`","name":"Ilman Oy"}`).want(t, 400, CodeValidation)
		b.send(t, "PUT", path, `{"businessId":"`+idOne+`","name":"Ilman Oy","contactPerson":{"lastName":"Malli"}}`).want(t, 201, "")
		b.send(t, "PUT", path, `{"businessId":"`+idOne+`","name":"Uusi Oy","contactPerson":null}`).want(t, 200, "") // removing it withdraws nothing
		b.send(t, "PUT", "/integration", `{"onlyWithContactPerson":false}`).want(t, 200, "")
		b.send(t, "PUT", "/candidates/by-source/NETVISOR/4", `{"businessId":"`+idTwo+`","name":"Ilman Oy"}`).want(t, 201, "")
	})
	t.Run("SourcesWithOddLetters", func(t *testing.T) {
		b := start(t)
		got := b.send(t, "PUT", "/candidates/by-source/NETVISOR/a%2Fb%20%C3%A4", `{"businessId":"`+idTwo+`","name":"Oy"}`).want(t, 201, "")
		if got.text("source.externalId") != "a/b ä" {
			t.Error(got.raw)
		}
	})
	t.Run("TwoAtOnceMakeOne", func(t *testing.T) {
		t.Parallel()
		b := running(t, Options{})
		for i := range 20 {
			external, id := fmt.Sprint(i), inventedBusinessID(3_000_000+i*10)
			var wg sync.WaitGroup
			var mu sync.Mutex
			count := map[int]int{}
			for range 4 {
				wg.Go(func() {
					got := b.upsert(t, external, id)
					mu.Lock()
					defer mu.Unlock()
					count[got.status]++
				})
			}
			wg.Wait()
			if count[201] != 1 || count[200] != 3 {
				t.Errorf("%v", count)
			}
		}
		if n := len(b.Candidates("")); n != 20 {
			t.Errorf("%d candidates of 20 sources", n)
		}
	})
}

func TestCandidateStates(t *testing.T) {
	t.Parallel()
	b := running(t, Options{})
	id := b.send(t, "PUT", "/candidates/by-source/NETVISOR/1", `{"businessId":"`+idOne+`","name":"Ilman Oy"}`).want(t, 201, "").text("id")
	state := func(want string) {
		t.Helper()
		if got := b.send(t, "GET", "/candidates/"+id, "").text("state"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	refused := func(act string) {
		t.Helper()
		b.control(t, "POST", "candidates/"+id+"/"+act, "").want409(t)
	}
	state(Incomplete)
	refused("request")
	refused("answer")
	// R31, R32: completed on either side.
	b.send(t, "PATCH", "/candidates/"+id, `{"contactPerson":{"lastName":"Malli"}}`, with("Content-Type", "application/merge-patch+json"), with("If-Match", `"1"`)).want(t, 200, "")
	state(Ready)
	refused("request") // nobody to send it to
	b.control(t, "POST", "candidates/"+id, `{"contactPerson":{"lastName":""}}`).want(t, 200, "")
	state(Incomplete)
	b.control(t, "POST", "candidates/"+id, `{"contactPerson":{"email":"aino@example.test"}}`).want(t, 200, "")
	state(Ready)
	refused("review")
	b.control(t, "POST", "candidates/"+id+"/request", "").want(t, 200, "")
	state(RequestSent)
	refused("request")
	refused("reopen")
	b.control(t, "POST", "candidates/"+id+"/answer", "").want(t, 200, "")
	state(Answered)
	for body, want := range map[string]int{
		`{"riskClass":"LOW","reviewIntervalMonths":2}`:                                              400,
		`{"riskClass":"LOW","reviewIntervalMonths":37}`:                                             400,
		`{"riskClass":"SEVERE","reviewIntervalMonths":12}`:                                          400,
		`{"reviewIntervalMonths":12}`:                                                               400,
		`{"riskClass":"LOW","reviewIntervalMonths":12,"assessedOn":"today"}`:                        400,
		`{"riskClass":"LOW","reviewIntervalMonths":12,"notes":"` + strings.Repeat("ä", 4001) + `"}`: 400,
		`{"riskClass":"LOW","reviewIntervalMonths":12,"risk":1}`:                                    400,
	} {
		if got := b.control(t, "POST", "candidates/"+id+"/accept", body); got.status != want {
			t.Errorf("%s: HTTP %d: %s", body, got.status, got.raw)
		}
	}
	state(Answered)
	b.control(t, "POST", "candidates/"+id, `{"kind":"PRIVATE"}`).want(t, 200, "")
	if got := b.control(t, "POST", "candidates/"+id+"/accept", `{"riskClass":"LOW","reviewIntervalMonths":12}`); got.status != 422 || got.code() != CodeRiskClass {
		t.Errorf("HTTP %d: %s", got.status, got.raw)
	}
	made := b.control(t, "POST", "candidates/"+id+"/accept", `{"riskClass":"HIGH","reviewIntervalMonths":36}`).want(t, 200, "")
	if made.text("kind") != Private {
		t.Error(made.raw)
	}
	refused("delete")
	refused("reopen")
	if got := b.control(t, "POST", "candidates/"+id, `{"name":"x"}`); got.status != 409 {
		t.Error(got.raw)
	}

	added, err := b.AddCandidate("", CandidateEdit{Name: new("Käsin Lisätty"), Kind: new(Private), ContactPerson: &ContactEdit{Email: new("x@example.test")}})
	if err != nil || added.Source != nil || added.State != NewCandidate {
		t.Errorf("%+v, %v", added, err)
	}
	if err := b.Review(added.ID); err != nil {
		t.Error(err)
	}
	if err := b.DeleteCandidate(added.ID); err != nil {
		t.Error(err)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	b := running(t, Options{})
	var ids []string
	for i := range 25 {
		ids = append(ids, b.upsert(t, fmt.Sprint(i), inventedBusinessID(3_000_000+i*10)).want(t, 201, "").text("id"))
	}
	count := func(query string, want int) []any {
		t.Helper()
		items := b.send(t, "GET", query, "").want(t, 200, "").items()
		if len(items) != want {
			t.Errorf("%s: %d, want %d", query, len(items), want)
		}
		return items
	}
	half := b.send(t, "GET", "/candidates/"+ids[12], "").text("updatedAt")
	count("/candidates", 25)
	count("/candidates?updatedSince="+half, 13) // including the one of that moment
	count("/candidates?businessId="+inventedBusinessID(3_000_100), 1)
	b.send(t, "PUT", "/candidates/by-source/NETVISOR/x", `{"businessId":"`+idOne+`","name":"Ilman"}`).want(t, 201, "")
	count("/candidates?hasContactPerson=false", 1)
	count("/candidates?hasContactPerson=true", 25)
	count("/candidates?state=INCOMPLETE", 1)
	_ = b.DeleteCandidate(ids[0])
	_ = b.SendRequest(ids[1])
	_ = b.Answer(ids[1])
	if _, err := b.Accept(ids[1], Assessment{RiskClass: High, ReviewIntervalMonths: 6}); err != nil {
		t.Fatal(err)
	}
	count("/candidates", 24)
	count("/candidates?state=DELETED,ACCEPTED", 2)
	if got := count("/candidates?limit=1", 1); got[0].(map[string]any)["id"] != ids[2] {
		t.Errorf("the first is not the one changed longest ago: %v", got)
	}
	count("/customers", 1)
	count("/customers?riskClass=HIGH&lifecycle=ACTIVE&kind=COMPANY&requiresActions=false", 1)
	count("/customers?riskClass=LOW,STANDARD", 0)
	count("/customers?requiresActions=true", 0)
	count("/customers?businessId="+idThree, 0)
	count("/customers?updatedSince=2030-01-01T00:00:00Z", 0)

	page := b.send(t, "GET", "/candidates?limit=10", "")
	cursor := page.text("nextCursor")
	if page.at("hasMore") != true || cursor == "" {
		t.Fatal(page.raw)
	}
	b.send(t, "GET", "/candidates?state=NEW&cursor="+cursor, "").want(t, 400, CodeValidation) // of other filters
	b.send(t, "GET", "/customers?cursor="+cursor, "").want(t, 400, CodeValidation)
	last := b.send(t, "GET", "/candidates?limit=500&cursor="+cursor, "").want(t, 200, "")
	if len(last.items()) != 14 || last.at("hasMore") != false || last.at("nextCursor") != nil {
		t.Error(last.raw)
	}
}

// TestPagesUnderChange reads a list while it changes: nothing that was there all the time is missing, and nothing comes twice in one state.
func TestPagesUnderChange(t *testing.T) {
	t.Parallel()
	b := running(t, Options{})
	all := map[string]bool{}
	for i := range 60 {
		all[b.upsert(t, fmt.Sprint(i), inventedBusinessID(3_000_000+i*10)).want(t, 201, "").text("id")] = true
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				id := fmt.Sprintf("cand_%d", 1001+i*7%60)
				_ = b.EditCandidate(id, CandidateEdit{Name: new(fmt.Sprint("Nimi ", i))})
				time.Sleep(200 * time.Microsecond) // the reader has to get to the end of what moves
			}
		}
	}()
	for range 5 {
		seen, states := map[string]bool{}, map[string]bool{}
		cursor := ""
		for {
			page := b.send(t, "GET", "/candidates?limit=7"+cursor, "").want(t, 200, "")
			for _, item := range page.items() {
				one := item.(map[string]any)
				state := fmt.Sprint(one["id"], one["etag"])
				if states[state] {
					t.Errorf("%s comes twice", state)
				}
				states[state], seen[one["id"].(string)] = true, true
			}
			if page.at("hasMore") != true {
				break
			}
			cursor = "&cursor=" + page.text("nextCursor")
		}
		if len(seen) != len(all) {
			t.Errorf("%d of %d", len(seen), len(all))
		}
	}
	close(stop)
	<-done
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	b := running(t, Options{})
	tag := b.upsert(t, "1", idOne).text("etag")
	// Two who have read the same revision: one of them has to read again.
	var wg sync.WaitGroup
	status := make([]int, 2)
	for i := range status {
		wg.Go(func() {
			status[i] = b.send(t, "PATCH", "/candidates/cand_1001", fmt.Sprintf(`{"name":"Nimi %d"}`, i), with("If-Match", tag)).status
		})
	}
	wg.Wait()
	if status[0]+status[1] != http.StatusOK+http.StatusPreconditionFailed {
		t.Error(status)
	}
	b.send(t, "PATCH", "/candidates/cand_1001", `{"name":"Viimeinen"}`, with("If-Match", `"1", "2"`)).want(t, 200, "")
	b.send(t, "DELETE", "/candidates/cand_1001", "", with("If-Match", "*")).want(t, 204, "")
}
