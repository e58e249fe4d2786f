package netvisor

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestEnvelope(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 2, Seed: 7})
	t.Run("Success", func(t *testing.T) {
		a := b.mustGet(t, "customerlist.nv")
		want := "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<Root>\r\n  <ResponseStatus>\r\n    <Status>OK</Status>\r\n    <TimeStamp>5.6.2026 16:12:09</TimeStamp>\r\n  </ResponseStatus>\r\n  <Customerlist>\r\n"
		if !strings.HasPrefix(a.body, want) {
			t.Errorf("reply begins\n%q", a.body[:min(len(a.body), 300)])
		}
		if got := a.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
			t.Errorf("Content-Type %q", got)
		}
	})
	t.Run("EmptyList", func(t *testing.T) {
		a := b.mustGet(t, "customerlist.nv?keyword=nobody")
		if !strings.Contains(a.body, "\r\n  <Customerlist />\r\n</Root>\r\n") {
			t.Error(a.body)
		}
	})
	t.Run("ErrorTextsFollowTheLanguage", func(t *testing.T) {
		for lang, want := range map[string]string{
			"EN": "INVALID_DATA :: Data form incorrect:. Customer not found with Netvisor identifier: 99",
			"FI": "INVALID_DATA :: Tietomuoto virheellinen:. Asiakasta ei löydy Netvisor-tunnisteella: 99",
			"SE": "INVALID_DATA :: Felaktigt dataformat:. Kunden hittades inte med Netvisor-identifikation: 99",
		} {
			if got := b.get(t, "getcustomer.nv?id=99", sign(func(s *Signed) { s.Language = lang })).failure(); got != want {
				t.Errorf("%s: %q", lang, got)
			}
		}
	})
	t.Run("HTTPStatusOnlyWhenAskedFor", func(t *testing.T) {
		status := set(headerUseStatus, "1")
		for _, tt := range []struct {
			path   string
			change func(*Signed, http.Header)
			want   int
		}{
			{"customerlist.nv", status, 200},
			{"getcustomer.nv", status, 400},
			{"customerlist.nv", func(s *Signed, h http.Header) { status(s, h); h.Set(headerMAC, "0") }, 401},
			{"customerlist.nv", func(s *Signed, h http.Header) { status(s, h); s.TransactionID = "3f2504e0-1" }, 409},
			{"getcustomer.nv", sign(func(*Signed) {}), 200},
		} {
			if got := b.get(t, tt.path, tt.change); got.status != tt.want || got.failure() == "" != (tt.path == "customerlist.nv" && tt.want == 200) {
				t.Errorf("%s: HTTP %d %q, want %d", tt.path, got.status, got.failure(), tt.want)
			}
		}
	})
	t.Run("UnknownResourceIs404WithoutEnvelope", func(t *testing.T) {
		a := b.get(t, "customers.nv")
		if a.status != 404 || strings.Contains(a.body, "ResponseStatus") {
			t.Errorf("HTTP %d %s", a.status, a.body)
		}
	})
	t.Run("WrongMethod", func(t *testing.T) {
		r := b.request(t.Context(), "customerlist.nv")
		r.Method = http.MethodPost
		if got := b.send(t, r).failure(); got != "AUTHENTICATION_FAILED :: URI method not valid" {
			t.Error(got)
		}
	})
	t.Run("BodyTooLarge", func(t *testing.T) {
		r := b.request(t.Context(), "customerlist.nv")
		r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, maxBody+1)), maxBody+1
		if got := b.send(t, r).category(); got != "INVALID_DATA_SIZE" {
			t.Error(got)
		}
	})
	t.Run("QueryTooLong", func(t *testing.T) {
		if got := b.get(t, "customerlist.nv?keyword="+strings.Repeat("x", maxQuery)).category(); got != "INVALID_DATA_SIZE" {
			t.Error(got)
		}
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestLatency(t *testing.T) {
	t.Parallel()
	const wait = 30 * time.Millisecond
	b := setup(t, Options{Latency: wait})
	from := time.Now()
	b.mustGet(t, "customerlist.nv")
	if took := time.Since(from); took < wait {
		t.Errorf("answered after %s", took)
	}
}

func TestCustomerList(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 120, Seed: 3})
	must := func(_ int64, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	fill := func(pairs ...string) func(*Customer) error {
		return func(c *Customer) error {
			for i := 0; i < len(pairs); i += 2 {
				if err := c.Set(pairs[i], pairs[i+1]); err != nil {
					return err
				}
			}
			return nil
		}
	}
	b.clock.advance(time.Minute) // 16:13:09 in Helsinki
	must(b.Add("", fill("name", "Öhöm Oy", "code", "X1", "businessId", "9999999-9", "nameExtension", "Zorro", "email", "Yksi@example.test")))
	b.clock.advance(time.Minute)
	must(b.Add("", fill("name", "ÖHÖM Toinen", "code", "X2")))

	all := b.mustGet(t, "customerlist.nv").keys(t)
	x1, x2 := all[len(all)-2], all[len(all)-1]
	if len(all) != 123 || all[0] != "1" {
		t.Fatalf("%d customers, first %s", len(all), all[0])
	}
	t.Run("TEMPIsThere", func(t *testing.T) {
		if got := b.mustGet(t, "customerlist.nv?customercodelist=TEMP").keys(t); !slices.Equal(got, []string{"1"}) {
			t.Error(got)
		}
	})

	hundred := make([]string, 100)
	for i := range hundred {
		hundred[i] = "c" + strconv.Itoa(i)
	}
	hundred[99] = "X2"
	tests := []struct {
		name, query string
		want        []string
		failure     string
	}{
		{"KeywordIsAPrefixOfTheNameInAnyCase", query("keyword", "öhöM"), []string{x1, x2}, ""},
		{"KeywordWithAsterisk", query("keyword", "öhöm t*"), []string{x2}, ""},
		{"KeywordOfCode", query("keyword", "x2"), []string{x2}, ""},
		{"KeywordOfBusinessID", query("keyword", "9999999"), []string{x1}, ""},
		{"KeywordOfNameExtension", query("keyword", "zor"), []string{x1}, ""},
		{"KeywordIsNoInfix", query("keyword", "höm"), nil, ""},
		{"KeywordLatinOnTheWire", "keyword=%D6h%F6m", []string{x1, x2}, ""},
		{"KeywordMakesChangedSinceIgnored", query("keyword", "öhöm", "changedsince", "2030-01-01T00:00:00"), []string{x1, x2}, ""},
		{"EmptyKeywordIsNone", query("keyword", "", "changedsince", "2026-06-05T16:14:08"), []string{x2}, ""},
		{"ParameterNamesInAnyCase", query("ChangedSince", "2026-06-05T16:14:08"), []string{x2}, ""},
		{"ChangedSinceIsStrict", query("changedsince", "2026-06-05T16:14:09"), nil, ""},
		{"ChangedSinceIsHelsinkiTime", query("changedsince", "2026-06-05T16:13:08"), []string{x1, x2}, ""},
		{"ChangedSinceDateOnly", query("changedsince", "2026-06-05"), []string{x1, x2}, ""},
		{"ChangedSinceAndCodes", query("changedsince", "2026-06-05", "customercodelist", "X1,100001"), []string{x1}, ""},
		{"ChangedSinceShape", query("changedsince", "5.6.2026"), nil, "INVALID_DATA"},
		{"ChangedSinceWithZone", query("changedsince", "2026-06-05T00:00:00Z"), nil, "INVALID_DATA"},
		{"CodesAreExact", query("customercodelist", "x1, X2"), []string{x2}, ""},
		{"HundredCodes", query("customercodelist", strings.Join(hundred, ",")), []string{x2}, ""},
		{"HundredAndOneCodes", query("customercodelist", strings.Join(hundred, ",")+",X1"), nil, "INVALID_DATA"},
		{"CodesAndKeyword", query("customercodelist", "X1,X2", "keyword", "öhöm t"), []string{x2}, ""},
		{"Email", query("emailkeyword", "yksi@"), []string{x1}, ""},
		{"EmailAndKeyword", query("emailkeyword", "yksi@", "keyword", "x2"), nil, ""},
		{"UnknownParameterIsIgnored", query("customercodelist", "X1", "page", "2"), []string{x1}, ""},
		{"TwiceAParameter", "keyword=a&Keyword=b", nil, "INVALID_DATA"},
		{"BrokenEscape", "keyword=%zz", nil, "INVALID_DATA"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := b.get(t, "customerlist.nv?"+tt.query)
			if a.category() != tt.failure {
				t.Fatalf("got %q, want %q", a.failure(), tt.failure)
			}
			if tt.failure == "" && !slices.Equal(a.keys(t), tt.want) {
				t.Errorf("got %v, want %v", a.keys(t), tt.want)
			}
		})
	}
}

func TestChangedSinceWhenAnHourComesTwice(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 1, Seed: 1})
	b.clock.advance(time.Date(2026, 10, 25, 0, 50, 0, 0, time.UTC).Sub(start)) // 03:50 summer time
	first := b.mustGet(t, "customerlist.nv").root(t).child("ResponseStatus").value("TimeStamp")
	if first != "25.10.2026 03:50:00" {
		t.Fatal(first)
	}
	b.clock.advance(20 * time.Minute) // 03:10 winter time
	if err := b.Edit("", 1, func(c *Customer) error { return c.Set("city", "Oulu") }); err != nil {
		t.Fatal(err)
	}
	if got := b.mustGet(t, "customerlist.nv?changedsince=2026-10-25T03:45:00").keys(t); len(got) != 0 {
		t.Errorf("the second hour is not told from the first, yet got %v", got)
	}
	if got := b.mustGet(t, "customerlist.nv?changedsince=2026-10-25T02:45:00").keys(t); !slices.Equal(got, []string{"1"}) {
		t.Errorf("an hour more finds it, got %v", got)
	}
}

func TestGetCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 600, Seed: 3})
	all := b.mustGet(t, "customerlist.nv").keys(t)
	tests := []struct {
		name, query string
		want        []string
		failure     string
	}{
		{"One", "id=" + all[5], []string{all[5]}, ""},
		{"ParameterInAnyCase", "ID=1", []string{"1"}, ""},
		{"Several", "idlist=" + strings.Join([]string{all[9], all[2], "1"}, ","), []string{all[9], all[2], "1"}, ""},
		{"SpacesAndDoubles", query("idlist", all[9]+", "+all[9]+",1"), []string{all[9], "1"}, ""},
		{"UnknownInListLeftOut", "idlist=5," + all[2] + ",999999", []string{all[2]}, ""},
		{"OnlyUnknownInList", "idlist=5,6", nil, ""},
		{"FiveHundred", "idlist=" + strings.Join(all[:500], ","), all[:500], ""},
		{"FiveHundredAndOne", "idlist=" + strings.Join(all[:501], ","), nil, "INVALID_DATA :: Data form incorrect: parameter idlist has more than 500 values"},
		{"UnknownID", "id=5", nil, "INVALID_DATA :: Data form incorrect:. Customer not found with Netvisor identifier: 5"},
		{"NoNumber", "id=abc", nil, "INVALID_DATA :: Data form incorrect: parameter id"},
		{"NoNumberInList", "idlist=1,,2", nil, "INVALID_DATA :: Data form incorrect: parameter idlist"},
		{"Neither", "", nil, "INVALID_DATA :: Data form incorrect: give either"},
		{"Both", "id=1&idlist=1", nil, "INVALID_DATA :: Data form incorrect: give either"},
		{"NameOfAnotherResource", "netvisorkeylist=1", nil, "INVALID_DATA :: Data form incorrect: give either"},
		{"BadReplyOption", "id=1&replyoption=x", nil, "INVALID_DATA :: Data form incorrect: parameter replyoption"},
		{"ReplyOptionTooLarge", "id=1&replyoption=16", nil, "INVALID_DATA"},
		{"EveryReplyOption", "id=1&replyoption=15", []string{"1"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := b.get(t, "GetCustomer.nv?"+tt.query)
			if got := a.failure(); !strings.HasPrefix(got, tt.failure) || tt.failure == "" && got != "" {
				t.Fatalf("got %q, want %q", got, tt.failure)
			}
			if tt.failure == "" && !slices.Equal(a.keys(t), tt.want) {
				t.Errorf("got %v, want %v", a.keys(t), tt.want)
			}
		})
	}
	t.Run("OneElementListIsWrapped", func(t *testing.T) {
		root := b.mustGet(t, "getcustomer.nv?idlist=1").root(t)
		if root.child("Customers") == nil || root.child("Customer") != nil {
			t.Error("not wrapped")
		}
		if b.mustGet(t, "getcustomer.nv?id=1").root(t).child("Customer") == nil {
			t.Error("id is wrapped")
		}
		if body := b.mustGet(t, "getcustomer.nv?idlist=5").body; !strings.Contains(body, "<Customers />") {
			t.Error(body)
		}
	})
	t.Run("TurnoverOnlyWithReplyOption1", func(t *testing.T) {
		for option, want := range map[string]bool{"": false, "2": false, "1": true, "15": true} {
			body := b.mustGet(t, "getcustomer.nv?replyoption="+option+"&id="+all[4]).body
			if got := strings.Contains(body, "<TurnoverDays>"); got != want {
				t.Errorf("replyoption %q: turnover %v", option, got)
			}
		}
	})
	t.Run("EditedAndRemoved", func(t *testing.T) {
		key, _ := strconv.ParseInt(all[7], 10, 64)
		if err := b.Edit("", key, func(c *Customer) error { return c.Set("Name", "Uusi <Äö> & \x22nimi\x22") }); err != nil {
			t.Fatal(err)
		}
		if body := b.mustGet(t, "getcustomer.nv?id="+all[7]).body; !strings.Contains(body, "<Name>Uusi &lt;Äö&gt; &amp; \"nimi\"</Name>") {
			t.Error(body)
		}
		if got := b.mustGet(t, "customerlist.nv?"+query("keyword", "uusi <äö>")).keys(t); !slices.Equal(got, []string{all[7]}) {
			t.Error(got)
		}
		if err := b.Remove("", key); err != nil {
			t.Fatal(err)
		}
		if got := b.get(t, "getcustomer.nv?id="+all[7]).category(); got != "INVALID_DATA" {
			t.Error(got)
		}
		if got := b.mustGet(t, "customerlist.nv").keys(t); len(got) != 600 || slices.Contains(got, all[7]) {
			t.Errorf("%d listed", len(got))
		}
	})
}

func TestGoldenReplies(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 50, Seed: 1, OddIdentityCode: true})
	list := b.mustGet(t, "customerlist.nv")
	golden(t, "list.golden.xml", list.body)
	keys := list.keys(t)
	golden(t, "cards.golden.xml", b.mustGet(t, "getcustomer.nv?replyoption=1&idlist="+strings.Join(keys[:14], ",")).body)
	golden(t, "card.golden.xml", b.mustGet(t, "getcustomer.nv?id="+keys[34]).body)
}

func TestOneCallAtATime(t *testing.T) {
	t.Parallel()
	type bundle struct {
		*bench
		entered, leave chan struct{}
	}
	start := func(t *testing.T, o Options) bundle {
		b := bundle{entered: make(chan struct{}, 9), leave: make(chan struct{})}
		o.Gate = func(ctx context.Context, c Call) {
			if c.Query == "" {
				return
			}
			b.entered <- struct{}{}
			select {
			case <-b.leave:
			case <-ctx.Done():
			}
		}
		o.Companies = []Company{{OrganisationID: "1", CustomerID: "a", CustomerKey: "a"}, {OrganisationID: "2", CustomerID: "b", CustomerKey: "b"}}
		b.bench = setup(t, o)
		return b
	}
	other := sign(func(s *Signed) { s.OrganisationID, s.CustomerID, s.CustomerKey = "2", "b", "b" })
	held := func(t *testing.T, b bundle) <-chan answer {
		out := make(chan answer, 1)
		r := b.request(t.Context(), "customerlist.nv?keyword=held")
		go func() { out <- b.send(t, r) }()
		<-b.entered
		return out
	}

	t.Run("T16_SecondFailsAndBothAreMarked", func(t *testing.T) {
		t.Parallel()
		b := start(t, Options{})
		first := held(t, b)
		if got := b.get(t, "getcustomer.nv?id=1").category(); got != "TECHNICAL_ERROR" {
			t.Errorf("second call of the company: %q", got)
		}
		if a := b.get(t, "customerlist.nv", other); a.failure() != "" {
			t.Errorf("another company has to wait: %q", a.failure())
		}
		if c := b.Calls()[0]; !c.End.IsZero() || c.Status != "" {
			t.Errorf("call in flight looks finished: %+v", c)
		}
		close(b.leave)
		if a := <-first; a.failure() != "" {
			t.Errorf("first call: %q", a.failure())
		}
		if a := b.get(t, "customerlist.nv"); a.failure() != "" {
			t.Errorf("call after both: %q", a.failure())
		}
		var overlapped []bool
		for _, c := range b.Calls() {
			overlapped = append(overlapped, c.Overlapped)
		}
		if want := []bool{true, true, false, false}; !slices.Equal(overlapped, want) {
			t.Errorf("overlapped %v, want %v", overlapped, want)
		}
	})
	t.Run("AllowOverlapOnlyMarks", func(t *testing.T) {
		t.Parallel()
		b := start(t, Options{AllowOverlap: true})
		first := held(t, b)
		if a := b.get(t, "customerlist.nv"); a.failure() != "" {
			t.Errorf("second call: %q", a.failure())
		}
		close(b.leave)
		<-first
		for _, c := range b.Calls() {
			if !c.Overlapped || c.Status != "OK" {
				t.Errorf("%+v", c)
			}
		}
	})
	t.Run("ForgedCallDoesNotBlockTheCompany", func(t *testing.T) {
		t.Parallel()
		b := start(t, Options{})
		b.get(t, "customerlist.nv?keyword=x", set(headerMAC, "00"))
		if a := b.get(t, "customerlist.nv"); a.failure() != "" {
			t.Error(a.failure())
		}
	})
	t.Run("ClientThatWentAwayFreesTheCompany", func(t *testing.T) {
		t.Parallel()
		b := start(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		r := b.request(ctx, "customerlist.nv?keyword=held")
		gone := make(chan error, 1)
		go func() { _, err := b.server.Client().Do(r); gone <- err }()
		<-b.entered
		cancel()
		<-gone
		for b.get(t, "customerlist.nv").failure() != "" { // the server notices in its own time
			continue
		}
		if c := b.Calls()[0]; !c.Aborted || c.End.IsZero() {
			t.Errorf("%+v", c)
		}
	})
	t.Run("ManyAtOnce", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{Customers: 200})
		results := make(chan string, 20)
		for range 20 {
			r := b.request(t.Context(), "customerlist.nv")
			go func() { results <- b.send(t, r).category() }()
		}
		for range 20 {
			if got := <-results; got != "" && got != "TECHNICAL_ERROR" {
				t.Error(got)
			}
		}
		for _, c := range b.Calls() {
			if c.Status == "TECHNICAL_ERROR" && !c.Overlapped {
				t.Errorf("%+v", c)
			}
		}
	})
}

func TestCallLog(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 10, Seed: 5, LogLimit: 3})
	b.mustGet(t, "customerlist.nv")
	b.mustGet(t, "CustomerList.nv?Keyword=")
	card := b.mustGet(t, "getcustomer.nv?idlist=1,5")
	b.get(t, "nothing.nv")
	calls := b.Calls()
	cr, _ := b.Credentials("")
	want := Call{
		Number: 3, Start: b.clock.now(), End: b.clock.now(), Method: "GET", Resource: "getcustomer.nv", Query: "idlist=1,5",
		Organisation: cr.OrganisationID, TransactionID: "3f2504e0-3", Language: "EN", Status: "OK", HTTPStatus: 200, Bytes: int64(len(card.body)), Customers: 1,
	}
	if len(calls) != 3 || calls[1] != want {
		t.Errorf("got  %+v\nwant %+v", calls[1:], want)
	}
	if calls[0].Number != 2 || calls[0].Resource != "customerlist.nv" || calls[0].Customers != 11 {
		t.Errorf("%+v", calls[0])
	}
	if c := calls[2]; c.HTTPStatus != 404 || c.Status != "" {
		t.Errorf("%+v", c)
	}
	calls[0].Resource = "changed"
	if b.Calls()[0].Resource != "customerlist.nv" {
		t.Error("the log can be changed from outside")
	}
}
