package netvisor

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"customerhub/internal/connector"
	"customerhub/internal/outbound"
)

var now = time.Date(2026, 6, 5, 13, 12, 9, 0, time.UTC) // 16:12:09 in Helsinki

// logged is a log that tests read.
type logged struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// bench is a connection to a server that answers what a test has prepared.
type bench struct {
	*Connection
	log    *logged
	server *httptest.Server

	mu       sync.Mutex
	requests []*http.Request
}

// answering opens a connection to a server with the handler. Bodies without a status are 200.
func answering(t testing.TB, handler http.HandlerFunc) *bench {
	t.Helper()
	b := &bench{log: &logged{}}
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.requests = append(b.requests, r.Clone(context.Background()))
		b.mu.Unlock()
		handler(w, r)
	}))
	t.Cleanup(b.server.Close)
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	conn, err := open(connector.Config{
		Settings: map[string]string{BaseURL: b.server.URL, OrganisationID: "1967543-8"},
		Credentials: map[string]string{
			CustomerID: "HUB_1001", CustomerKey: "0123456789abcdef0123456789abcdef",
			PartnerID: "Par_2002", PartnerKey: "fedcba9876543210fedcba9876543210",
		},
		Client: outbound.Client(outbound.Options{Log: log}), Log: log, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Connection = conn.(*Connection)
	return b
}

// body opens a connection to a server that always answers the same.
func body(t testing.TB, status int, text string) *bench {
	t.Helper()
	return answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	})
}

func (b *bench) calls() []*http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*http.Request(nil), b.requests...)
}

func (b *bench) rows(ctx context.Context, since string) ([]connector.Row, connector.ListResult, error) {
	var rows []connector.Row
	result, err := b.List(ctx, since, func(r connector.Row) error { rows = append(rows, r); return nil })
	return rows, result, err
}

// reply wraps data into an envelope that says OK.
func reply(data string) string {
	return `<?xml version="1.0" encoding="utf-8" standalone="yes"?>` + "\r\n<Root><ResponseStatus><Status>OK</Status>" +
		"<TimeStamp>5.6.2026 16:12:09</TimeStamp></ResponseStatus>" + data + "</Root>\r\n"
}

// failed is an envelope that says FAILED.
func failed(detail string) string {
	return "<Root><ResponseStatus><Status>FAILED</Status><Status>" + detail +
		"</Status><TimeStamp>5.6.2026 16:12:09</TimeStamp></ResponseStatus></Root>"
}

func card(key, name string) string {
	element := "<NetvisorKey>" + key + "</NetvisorKey>"
	if key == "" {
		element = ""
	}
	return "<Customer><CustomerBaseInformation>" + element + "<InternalIdentifier>N" + key + "</InternalIdentifier><ExternalIdentifier/><Name>" + name +
		"</Name><NameExtension/><StreetAddress/><AdditionalStreetAddress/><City/><PostNumber/><PhoneNumber/><Email/><EmailInvoicingAddress/>" +
		"<IsActive>1</IsActive><IsPrivateCustomer>0</IsPrivateCustomer></CustomerBaseInformation>" +
		"<CustomerFinvoiceDetails><FinvoiceAddress/><FinvoiceRouterCode/></CustomerFinvoiceDetails>" +
		"<CustomerDeliveryDetails><DeliveryName/><DeliveryStreetAddress/><DeliveryCity/><DeliveryPostNumber/></CustomerDeliveryDetails>" +
		"<CustomerContactDetails><ContactPerson/><ContactPersonEmail/><ContactPersonPhone/></CustomerContactDetails>" +
		"<CustomerAdditionalInformation/></Customer>"
}

func listRow(n int) string {
	return fmt.Sprintf("<Customer><Netvisorkey>%d</Netvisorkey><Name>Asiakas %d</Name><Code>%d</Code></Customer>", n, n, n)
}
