package netvisorkyc

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestCustomers(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) (*bench, string) {
		t.Helper()
		t.Parallel()
		b := running(t, Options{Settings: Settings{FeedRetention: Duration(400 * 24 * time.Hour)}})
		return b, b.customer(t, "1", idOne, Assessment{RiskClass: Standard, ReviewIntervalMonths: 3}).ID
	}
	reasons := func(t *testing.T, b *bench, id string) []any {
		t.Helper()
		got := b.send(t, "GET", "/customers/"+id+"/status", "").want(t, 200, "")
		why := got.at("requiresActionsReasons").([]any)
		if got.at("requiresActions") != (len(why) > 0) {
			t.Error(got.raw)
		}
		return why
	}
	t.Run("OverdueByTheClockAlone", func(t *testing.T) {
		b, id := start(t)
		before := len(b.Changes(""))
		_ = b.SetClock(time.Date(2027, 2, 20, 21, 59, 59, 0, time.UTC)) // 23.59 in Helsinki, on the day of expiry
		if got := reasons(t, b, id); len(got) != 0 || len(b.Changes("")) != before {
			t.Error(got)
		}
		_ = b.Advance(time.Second)
		if got := reasons(t, b, id); !slices.Equal(got, []any{ReviewOverdue}) {
			t.Error(got)
		}
		last := b.Changes("")[before:]
		if len(last) != 1 || last[0].Type != TypeStatusChanged || last[0].ID != id || last[0].Revision != 2 {
			t.Error(last)
		}
		if e := b.Effects(); e[len(e)-1].By != byClock {
			t.Error(e[len(e)-1])
		}
		if err := b.Assess(id, Assessment{RiskClass: High, ReviewIntervalMonths: 36}); err != nil {
			t.Fatal(err)
		}
		if got := reasons(t, b, id); len(got) != 0 {
			t.Error(got)
		}
	})
	t.Run("ARequestToACustomer", func(t *testing.T) {
		b, id := start(t)
		if err := b.SendRequest(id); err != nil {
			t.Fatal(err)
		}
		_ = b.Advance(14 * 24 * time.Hour)
		if got := reasons(t, b, id); len(got) != 0 {
			t.Error(got)
		}
		_ = b.Advance(24 * time.Hour)
		if got := reasons(t, b, id); !slices.Equal(got, []any{RequestUnanswered}) {
			t.Error(got)
		}
		b.control(t, "POST", "customers/"+id+"/answer", "").want(t, 200, "")
		if got := reasons(t, b, id); !slices.Equal(got, []any{AnswersToAssess}) {
			t.Error(got)
		}
		b.control(t, "POST", "customers/"+id+"/reopen", "").want(t, 200, "")
		b.control(t, "POST", "customers/"+id+"/request", "").want409(t)
		if got := reasons(t, b, id); len(got) != 0 {
			t.Error(got)
		}
	})
	t.Run("AllReasonsAndTheEnd", func(t *testing.T) {
		b, id := start(t)
		_ = b.SendRequest(id)
		_ = b.Answer(id)
		b.control(t, "POST", "customers/"+id, `{"dueDiligenceExpiresOn":"2026-11-10","screeningHit":true,
			"contactPerson":{"firstName":"","lastName":"","email":"","phone":"","language":""}}`).want(t, 200, "")
		if got := reasons(t, b, id); !slices.Equal(got, []any{ReviewOverdue, AnswersToAssess, ScreeningHit, MissingContact}) {
			t.Error(got)
		}
		b.send(t, "PATCH", "/customers/"+id, `{"name":"Uusi Oy","contactPerson":{"email":"uusi@example.test"}}`).want(t, 200, "")
		if got := reasons(t, b, id); !slices.Equal(got, []any{ReviewOverdue, AnswersToAssess, ScreeningHit}) {
			t.Error(got)
		}
		ended := b.send(t, "POST", "/customers/"+id+"/end", `{"endedOn":"2026-11-19"}`).want(t, 200, "")
		if ended.text("lifecycle") != Ended || ended.text("endedOn") != "2026-11-19" || ended.at("status.requiresActions") != false || ended.text("status.riskClass") != Standard {
			t.Error(ended.raw)
		}
		again := b.send(t, "POST", "/customers/"+id+"/end", "").want(t, 200, "")
		if again.raw != ended.raw {
			t.Error("ended twice")
		}
		last := b.Changes("")
		if got := last[len(last)-1]; got.Type != TypeEnded || got.ID != id {
			t.Error(got)
		}
		if err := b.Assess(id, Assessment{RiskClass: High, ReviewIntervalMonths: 12}); err == nil {
			t.Error("an ended customer was assessed")
		}
		if err := b.ArchiveCustomer(id, ""); err != nil {
			t.Fatal(err)
		}
		if got := b.send(t, "GET", "/customers/"+id, ""); got.text("lifecycle") != Archived || got.text("endedOn") != "2026-11-19" {
			t.Error(got.raw)
		}
	})
	t.Run("BadDataOnlyByForce", func(t *testing.T) { // scenario 8
		b, id := start(t)
		for body, code := range map[string]string{
			`{"riskClass":"SEVERE"}`:                     CodeValidation,
			`{"kind":"PRIVATE","riskClass":"LOW"}`:       CodeRiskClass,
			`{"kind":"PERSON"}`:                          CodeValidation,
			`{"lifecycle":"FROZEN"}`:                     CodeValidation,
			`{"latestRiskAssessmentOn":"20.11.2026"}`:    CodeValidation,
			`{"dueDiligenceExpiresOn":"2026-02-30"}`:     CodeValidation,
			`{"name":" "}`:                               CodeValidation,
			`{"name":"x","dueDiligence":"2026-02-30"}`:   "",
			`{"name":"x"} {}`:                            "",
			`{"contactPerson":{"email":"x","title":""}}`: "",
		} {
			if got := b.control(t, "POST", "customers/"+id, body); got.status < 400 || got.code() != code {
				t.Errorf("%s: HTTP %d: %s", body, got.status, got.raw)
			}
		}
		b.control(t, "POST", "customers/"+id, `{"kind":"PRIVATE","riskClass":"LOW","force":true}`).want(t, 200, "")
		if got := b.send(t, "GET", "/customers/"+id, ""); got.text("kind") != Private || got.text("status.riskClass") != Low {
			t.Error(got.raw)
		}
		b.control(t, "POST", "customers/"+id, `{"riskClass":"SEVERE","lifecycle":"FROZEN","latestRiskAssessmentOn":"soon","force":true}`).want(t, 200, "")
		if got := b.send(t, "GET", "/customers/"+id, ""); got.text("status.riskClass") != "SEVERE" || got.text("lifecycle") != "FROZEN" || got.text("status.latestRiskAssessmentOn") != "soon" {
			t.Error(got.raw)
		}
		b.control(t, "POST", "customers/"+id, `{"riskClass":"","force":true}`).want(t, 200, "")
		if got := b.send(t, "GET", "/customers/"+id, ""); got.at("status.riskClass") != nil {
			t.Error(got.raw)
		}
		id2 := b.upsert(t, "2", idTwo).text("id")
		b.control(t, "POST", "candidates/"+id2+"/accept", `{"riskClass":"EXTREME","reviewIntervalMonths":12,"force":true}`).want(t, 200, "")
		id3 := b.upsert(t, "3", idThree).text("id")
		b.control(t, "POST", "candidates/"+id3, `{"state":"DREAMING","force":true}`).want(t, 200, "")
		if got := b.send(t, "GET", "/candidates/"+id3, "").text("state"); got != "DREAMING" {
			t.Error(got)
		}
	})
	t.Run("StatusRevisionsAreOfTheStatusAlone", func(t *testing.T) {
		b, id := start(t)
		got := b.send(t, "PATCH", "/customers/"+id, `{"name":"Uusi Oy"}`, with("If-Match", `"1"`)).want(t, 200, "")
		if got.text("etag") != `"2"` || got.at("status.statusRevision") != 1.0 {
			t.Error(got.raw)
		}
		b.send(t, "PATCH", "/customers/"+id, `{"name":"Uusi Oy"}`, with("If-Match", `"2"`)).want(t, 200, "")
		if err := b.EditCustomer(id, CustomerEdit{Notes: new("Huomio")}); err != nil {
			t.Fatal(err)
		}
		if got := b.send(t, "GET", "/customers/"+id, ""); got.text("etag") != `"3"` || got.at("status.statusRevision") != 2.0 || got.text("status.notes") != "Huomio" {
			t.Error(got.raw)
		}
	})
}

func TestMonthEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{
		{"2026-11-30", 3, "2027-02-28"},
		{"2027-11-30", 3, "2028-02-29"},
		{"2026-08-31", 3, "2026-11-30"},
		{"2026-12-31", 36, "2029-12-31"},
		{"2028-02-29", 12, "2029-02-28"},
		{"2026-01-15", 11, "2026-12-15"},
	} {
		t.Run(fmt.Sprint(c.from, "+", c.months), func(t *testing.T) {
			t.Parallel()
			if got, err := addMonths(c.from, c.months); err != nil || got != c.want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	b := running(t, Options{})
	id := b.upsert(t, "1", idOne).text("id")
	made, err := b.Accept(id, Assessment{RiskClass: High, ReviewIntervalMonths: 3, On: "2026-11-30", Force: true})
	if err != nil || *made.Status.DueDiligenceExpiresOn != "2027-02-28" {
		t.Error(made, err)
	}
}

func TestFeed(t *testing.T) {
	t.Parallel()
	b := running(t, Options{})
	for i := range 12 {
		b.upsert(t, fmt.Sprint(i), inventedBusinessID(3_000_000+i*10))
	}
	all := b.Changes("")
	var seq int64
	cursor := ""
	pages := 0
	for {
		page := b.send(t, "GET", "/changes?limit=5"+cursor, "").want(t, 200, "")
		for _, item := range page.items() {
			seq++
			one := item.(map[string]any)
			if one["seq"] != float64(seq) || one["at"] == "" || len(one) != 6 {
				t.Errorf("entry %d: %v", seq, one)
			}
		}
		pages++
		cursor = "&cursor=" + page.text("nextCursor")
		if page.at("hasMore") != true {
			break
		}
	}
	if int(seq) != len(all) || pages != (len(all)+4)/5 {
		t.Errorf("%d entries on %d pages, want %d", seq, pages, len(all))
	}
	// The last cursor is good for the next poll.
	if got := b.send(t, "GET", "/changes?limit=5"+cursor, "").want(t, 200, ""); len(got.items()) != 0 || got.text("nextCursor") == "" {
		t.Error(got.raw)
	}
	b.upsert(t, "1", idOne).want(t, 200, "")
	if got := b.send(t, "GET", "/changes?limit=5"+cursor, ""); len(got.items()) != 1 || got.at("items.0.type") != TypeUpdated || got.at("items.0.revision") != 2.0 {
		t.Error(got.raw)
	}

	t.Log("after 30 days the old entries are forgotten") // scenario 10
	early := b.send(t, "GET", "/changes?limit=1", "").text("nextCursor")
	_ = b.Advance(20 * 24 * time.Hour)
	b.upsert(t, "2", idTwo).want(t, 200, "")
	_ = b.Advance(11 * 24 * time.Hour)
	b.send(t, "GET", "/changes?cursor="+early, "").want(t, 410, CodeCursorExpired)
	fresh := b.send(t, "GET", "/changes", "").want(t, 200, "")
	if len(fresh.items()) != 1 || fresh.at("items.0.seq") != float64(len(all)+2) {
		t.Error(fresh.raw)
	}
	tip := fresh.text("nextCursor")
	_ = b.Advance(60 * 24 * time.Hour)
	b.send(t, "GET", "/changes?cursor="+tip, "").want(t, 200, "") // nothing behind it was lost
	b.upsert(t, "3", idThree).want(t, 200, "")
	if got := b.send(t, "GET", "/changes?cursor="+tip, "").items(); len(got) != 1 {
		t.Error(got)
	}
}
