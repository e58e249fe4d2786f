package netvisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/fault"
)

func TestACallIsSignedAndUnique(t *testing.T) {
	t.Parallel()
	b := body(t, 200, reply(card("7", "Esimerkki Oy")))
	for range 3 {
		if _, err := b.Read(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := b.rows(t.Context(), "2026-01-15T00:00:00"); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, r := range b.calls() {
		h := func(name string) string { return r.Header.Get("X-Netvisor-" + name) }
		id := h("Authentication-TransactionId")
		if len(id) != 36 || ids[id] {
			t.Errorf("transaction id %q is no new UUID", id)
		}
		ids[id] = true
		url := "http://" + r.Host + r.RequestURI
		want := b.signer.mac(url, stamp{id, h("Authentication-Timestamp"), h("Authentication-TimestampUnix")})
		if h("Authentication-MAC") != want {
			t.Errorf("the MAC is not over %s", url)
		}
		for name, value := range map[string]string{
			"Authentication-Sender": "Customer Hub", "Authentication-CustomerId": "HUB_1001", "Authentication-PartnerId": "Par_2002",
			"Authentication-Timestamp": "2026-06-05 13:12:09.000", "Authentication-TimestampUnix": "1780665129",
			"Interface-Language": "EN", "Organisation-ID": "1967543-8",
			"Authentication-MACHashCalculationAlgorithm": "HMACSHA256", "Authentication-UseHTTPResponseStatusCodes": "1",
		} {
			if got := h(name); got != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		for name, values := range r.Header {
			for _, v := range values {
				if strings.Contains(v, b.signer.customerKey) || strings.Contains(v, b.signer.partnerKey) {
					t.Errorf("a key travels in %s", name)
				}
			}
		}
	}
	last := b.calls()[3]
	if last.Method != http.MethodGet || last.RequestURI != "/customerlist.nv?changedsince=2026-01-15T00:00:00" {
		t.Errorf("%s %s", last.Method, last.RequestURI)
	}
}

// TestErrorCategories holds contract section 3: the body decides, whatever the HTTP status.
func TestErrorCategories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		detail string
		reason string
		want   fault.Code
		says   string
	}{
		{"AUTHENTICATION_FAILED :: Tunnistautuminen epäonnistui", AuthenticationFailed, fault.Denied, "Tunnistautuminen epäonnistui"},
		{"SERVICE_ACCESS_ERROR :: Resursen är inte tillåten", ServiceAccessError, fault.Denied, "Resursen är inte tillåten"},
		{"INVALID_DATA_SIZE :: Too large", InvalidDataSize, fault.Rejected, "Too large"},
		{"DUPLICATE_DATA :: Exists", DuplicateData, fault.Rejected, "Exists"},
		{"PERIOD_LOCK :: Locked", PeriodLock, fault.Rejected, "Locked"},
		{"REQUEST_NOT_UNIQUE :: Seen before", RequestNotUnique, fault.Unavailable, "Seen before"},
		{"SYSTEM_MAINTENANCE :: Huoltokatko", SystemMaintenance, fault.Maintenance, "Huoltokatko"},
		{"SYSTEM_MAINTANANCE :: Break", SystemMaintenance, fault.Maintenance, "Break"}, //nolint:misspell // as the service writes it
		{"TECHNICAL_ERROR :: Try later", TechnicalError, fault.Unavailable, "Try later"},
		{"SOMETHING_NEW :: No one :: has seen this", "SOMETHING_NEW", fault.Rejected, "No one :: has seen this"},
		{"TECHNICAL_ERROR", TechnicalError, fault.Unavailable, "gave no reason"},
		{"TECHNICAL_ERROR ::", TechnicalError, fault.Unavailable, "gave no reason"},
		{"A sentence without category", "FAILED", fault.Rejected, "A sentence without category"},
		{"", "FAILED", fault.Rejected, "gave no reason"},
	} {
		for _, status := range []int{200, 400, 500} {
			t.Run(fmt.Sprintf("T11_%s_%d", c.detail, status), func(t *testing.T) {
				t.Parallel()
				b := body(t, status, failed(c.detail))
				_, _, err := b.rows(t.Context(), "")
				f := fault.Of(err)
				if f == nil || f.Code != c.want || f.Reason != c.reason || !strings.Contains(f.Message, c.says) {
					t.Fatalf("got %+v", f)
				}
				if _, err := b.ReadBatch(t.Context(), []string{"1", "2"}); !fault.Is(err, c.want) {
					t.Errorf("batch: %v", err)
				}
			})
		}
	}
	t.Run("T11_AStatusNobodyKnowsIsNotBelieved", func(t *testing.T) {
		t.Parallel()
		b := body(t, 200, "<Root><ResponseStatus><Status>MAYBE</Status></ResponseStatus><Customerlist/></Root>")
		if _, _, err := b.rows(t.Context(), ""); !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("T11_OKCountsWhateverTheHTTPStatus", func(t *testing.T) {
		t.Parallel()
		if rows, _, err := body(t, 500, reply("<Customerlist>"+listRow(1)+"</Customerlist>")).rows(t.Context(), ""); err != nil || len(rows) != 1 {
			t.Errorf("%d rows, %v", len(rows), err)
		}
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	_, err := b.Read(t.Context(), "1")
	if f := fault.Of(err); f == nil || f.Code != fault.Limited || !f.Until.Equal(now.Add(90*time.Second)) {
		t.Errorf("got %+v", f)
	}
}

func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	var b *bench
	echo := func(w http.ResponseWriter, r *http.Request) {
		h := func(name string) string { return r.Header.Get("X-Netvisor-Authentication-" + name) }
		signed := strings.Join([]string{"http://" + r.Host + r.RequestURI, h("Sender"), h("CustomerId"), h("Timestamp"), "EN", "1967543-8",
			h("TransactionId"), h("TimestampUnix"), b.signer.customerKey, b.signer.partnerKey}, "&amp;")
		detail := map[string]string{
			"/customerlist.nv": "AUTHENTICATION_FAILED :: Signature does not match '" + signed + "' :: " + strings.ToUpper(h("MAC")),
			"/getcustomer.nv":  "TECHNICAL_ERROR :: " + signed + " " + h("MAC") + " " + strings.ToUpper(h("MAC")) + " hetu 010190-900P",
		}[r.URL.Path]
		_, _ = io.WriteString(w, failed(detail))
	}
	b = answering(t, echo)
	_, _, listErr := b.rows(t.Context(), "")
	_, readErr := b.Read(t.Context(), "1")
	_, batchErr := b.ReadBatch(t.Context(), []string{"1", "2"})
	checks, _ := b.Check(t.Context())
	all := fmt.Sprint(listErr, readErr, batchErr, checks, b.log.String())
	secrets := []string{b.signer.customerKey, b.signer.partnerKey, "HUB_1001", "Par_2002", "010190-900P"}
	for _, r := range b.calls() {
		mac := r.Header.Get("X-Netvisor-Authentication-MAC")
		secrets = append(secrets, mac, strings.ToUpper(mac))
	}
	for _, secret := range secrets {
		if strings.Contains(all, secret) {
			t.Errorf("%q got out:\n%s", secret, all)
		}
	}
	if msg := fault.Of(listErr).Message; !strings.HasSuffix(msg, ": Signature does not match") {
		t.Errorf("the words are gone or too many: %q", msg)
	}
}

// TestT12 sends what is no reply of Netvisor's at all.
func TestT12(t *testing.T) {
	t.Parallel()
	bomb := `<?xml version="1.0"?><!DOCTYPE Root [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Root>` +
		`<ResponseStatus><Status>OK</Status></ResponseStatus><Customerlist>` + listRow(1) + `<Customer><Name>&b;</Name></Customer></Customerlist></Root>`
	latin := "<Root><ResponseStatus><Status>OK</Status></ResponseStatus><Customerlist><Customer><Netvisorkey>1</Netvisorkey><Name>\xc5bo</Name></Customer></Customerlist></Root>"
	for name, c := range map[string]struct {
		status int
		text   string
		says   string
	}{
		"LoginPage":               {200, "<!DOCTYPE html>\n<html><body>Kirjaudu 010190-900P</body></html>", "a web page"},
		"PageWithoutDoctype":      {503, "<HTML><h1>Service unavailable</h1></HTML>", "a web page"},
		"XHTMLPage":               {200, `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>`, "a web page"},
		"JSON":                    {200, `{"error":"maintenance"}`, "JSON"},
		"JSONArray":               {200, `[]`, "JSON"},
		"PlainText":               {502, "Bad gateway", "not XML"},
		"Empty":                   {200, "", "nothing"},
		"OnlySpaces":              {200, " \r\n ", "nothing"},
		"OnlyBOM":                 {200, "\xef\xbb\xbf", "nothing"},
		"OtherXML":                {200, "<soap:Envelope xmlns:soap=\"x\"/>", "another kind"},
		"NotFoundPage":            {404, "<html>404</html>", "404"},
		"NULInText":               {200, "<Root><ResponseStatus><Status>OK</Status></ResponseStatus><Customerlist><Customer><Name>\x00</Name></Customer></Customerlist></Root>", "not well formed"},
		"EntityBomb":              {200, bomb, "not well formed"},
		"ExternalEntity":          {200, `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Root><Customerlist>&x;</Customerlist></Root>`, "not well formed"},
		"UndefinedEntity":         {200, reply("<Customerlist><Customer><Name>&nbsp;</Name></Customer></Customerlist>"), "not well formed"},
		"Latin1WithoutSayingSo":   {200, latin, "not well formed"},
		"UnknownEncoding":         {200, `<?xml version="1.0" encoding="ebcdic"?><Root/>`, "not well formed"},
		"TooDeep":                 {200, "<Root>" + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + "</Root>", "not well formed"},
		"LongName":                {200, "<Root><" + strings.Repeat("a", 3<<20) + "/></Root>", "not well formed"},
		"LongText":                {200, reply("<Customerlist><Customer><Name>" + strings.Repeat("a", 3<<20) + "</Name></Customer></Customerlist>"), "not well formed"},
		"LongAttribute":           {200, `<Root a="` + strings.Repeat("a", 3<<20) + `"/>`, "not well formed"},
		"LongComment":             {200, "<Root><!--" + strings.Repeat("a", 3<<20) + "--></Root>", "not well formed"},
		"TextAfterTheEnd":         {200, reply("<Customerlist/>") + "Bad gateway", "not well formed"},
		"TwoDocuments":            {200, reply("<Customerlist/>") + reply("<Customerlist/>"), "not well formed"},
		"RootWithNothing":         {200, "<Root/>", "neither OK nor FAILED"},
		"TagsThatDoNotMatch":      {200, "<Root><ResponseStatus><Status>OK</ResponseStatus></Root>", "not well formed"},
		"AttributesWithoutQuotes": {200, "<Root><Customerlist a=b/></Root>", "not well formed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := body(t, c.status, c.text)
			rows, result, listErr := b.rows(t.Context(), "")
			_, readErr := b.Read(t.Context(), "1")
			got, batchErr := b.ReadBatch(t.Context(), []string{"1", "2"})
			_, checkErr := b.Check(t.Context())
			for what, err := range map[string]error{"list": listErr, "read": readErr, "batch": batchErr, "check": checkErr} {
				if f := fault.Of(err); f == nil || f.Code != fault.Unavailable {
					t.Errorf("%s: got %v", what, err)
				} else if what == "list" && !strings.Contains(f.Message, c.says) {
					t.Errorf("message %q lacks %q", f.Message, c.says)
				} else if strings.Contains(err.Error(), "010190") || strings.Contains(f.Message, "Kirjaudu") || len(err.Error()) > 1000 {
					t.Errorf("too much said: %.2000s", err)
				}
			}
			if result.Cursor != "" || got != nil {
				t.Errorf("cursor %q, %d records, %d rows", result.Cursor, len(got), len(rows))
			}
		})
	}
}

// TestT13 cuts replies at every byte.
func TestT13(t *testing.T) {
	t.Parallel()
	text := strings.TrimSpace(reply("<Customers>" + card("1", "Äiti &amp; Poika Oy") + card("2", "B") + card("3", "C") + "</Customers>"))
	list := strings.TrimSpace(reply("<Customerlist>" + listRow(1) + listRow(2) + listRow(3) + "</Customerlist>"))
	t.Run("CutBetweenTwoCustomersOfABatch", func(t *testing.T) {
		t.Parallel()
		cut := strings.Index(text, card("2", "B"))
		for _, honest := range []bool{true, false} {
			got, err := cutAt(t, text, cut, honest).ReadBatch(t.Context(), []string{"1", "2", "3"})
			if !fault.Is(err, fault.Unavailable) || got != nil {
				t.Errorf("honest %v: %d records, %v", honest, len(got), err)
			}
		}
	})
	t.Run("CutBetweenTwoRowsOfAList", func(t *testing.T) {
		t.Parallel()
		cut := strings.Index(list, listRow(2))
		for _, honest := range []bool{true, false} {
			rows, result, err := cutAt(t, list, cut, honest).rows(t.Context(), "")
			if !fault.Is(err, fault.Unavailable) || result.Cursor != "" || len(rows) > 1 {
				t.Errorf("honest %v: %d rows, cursor %q, %v", honest, len(rows), result.Cursor, err)
			}
		}
	})
	t.Run("CutAnywhere", func(t *testing.T) {
		t.Parallel()
		length := 0
		b := answering(t, func(w http.ResponseWriter, r *http.Request) {
			from := text
			if r.URL.Path == "/customerlist.nv" {
				from = list
			}
			_, _ = io.WriteString(w, from[:min(length, len(from))])
		})
		for length = 0; length < max(len(text), len(list)); length += 7 {
			if length < len(text) {
				if got, err := b.ReadBatch(t.Context(), []string{"1", "2", "3"}); !fault.Is(err, fault.Unavailable) || got != nil {
					t.Fatalf("batch cut at %d: %d records, %v", length, len(got), err)
				}
			}
			if length < len(list) {
				if _, result, err := b.rows(t.Context(), ""); !fault.Is(err, fault.Unavailable) || result.Cursor != "" {
					t.Fatalf("list cut at %d: cursor %q, %v", length, result.Cursor, err)
				}
			}
		}
	})
}

// cutAt answers the beginning of a text, with its full length announced or with that of the beginning.
func cutAt(t *testing.T, text string, at int, honest bool) *bench {
	return answering(t, func(w http.ResponseWriter, _ *http.Request) {
		if honest {
			w.Header().Set("Content-Length", fmt.Sprint(at))
		} else {
			w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		}
		_, _ = io.WriteString(w, text[:at])
	})
}

func TestTheReadersErrorComesBackAsItIs(t *testing.T) {
	t.Parallel()
	b := body(t, 200, reply("<Customerlist>"+listRow(1)+listRow(2)+"</Customerlist>"))
	// What a database driver gives for a lost connection must not look like Netvisor's fault.
	own := fmt.Errorf("storing a row: %w", io.ErrUnexpectedEOF)
	_, err := b.List(t.Context(), "", func(connector.Row) error { return own })
	if err != own { //nolint:errorlint // the very error, not one around it
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Read(ctx, "1"); !errors.Is(err, context.Canceled) || fault.Of(err) != nil {
		t.Errorf("got %v", err)
	}
}
