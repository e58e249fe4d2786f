package netvisor

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	headerSender         = "X-Netvisor-Authentication-Sender"
	headerCustomerID     = "X-Netvisor-Authentication-CustomerId"
	headerPartnerID      = "X-Netvisor-Authentication-PartnerId"
	headerTimestamp      = "X-Netvisor-Authentication-Timestamp"
	headerTimestampUnix  = "X-Netvisor-Authentication-TimestampUnix"
	headerLanguage       = "X-Netvisor-Interface-Language"
	headerOrganisationID = "X-Netvisor-Organisation-ID"
	headerTransactionID  = "X-Netvisor-Authentication-TransactionId"
	headerMAC            = "X-Netvisor-Authentication-MAC"
	headerAlgorithm      = "X-Netvisor-Authentication-MACHashCalculationAlgorithm"
	headerUseStatus      = "X-Netvisor-Authentication-UseHTTPResponseStatusCodes"

	maxHeaderValue = 256
)

// required are the headers every request carries, in the order they are missed. TimestampUnix belongs to HMACSHA256 only
// and is asked for with it.
var required = []string{headerSender, headerCustomerID, headerPartnerID, headerTimestamp, headerLanguage,
	headerOrganisationID, headerTransactionID, headerMAC}

// timestampShape takes the documented form and the ISO form that one client sends; what it says is not compared with
// the clock, since clients in use send local time [inferred].
var timestampShape = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,7})?Z?$`)

// authenticate finds out whose request it is, in the order of Netvisor contract section 1.5: headers, partner, customer id,
// MAC, freshness, uniqueness. It remembers the transaction id as soon as the request is known to be genuine and fresh.
func (s *Sandbox) authenticate(r *http.Request) (*company, *failure) {
	h := r.Header
	for _, name := range required {
		if f := oneValue(h, name); f != nil {
			return nil, f
		}
	}
	if _, known := languageOf(h.Get(headerLanguage)); !known {
		return nil, fail(authenticationFailed, textBadHeader, headerLanguage)
	}
	algorithm, ok := algorithmOf(h.Get(headerAlgorithm))
	if !ok || algorithm != HMACSHA256 && !s.opts.LegacySignatures {
		return nil, fail(authenticationFailed, textBadAlgorithm)
	}
	unix := int64(0)
	if algorithm == HMACSHA256 { // clients of the older algorithms send no second timestamp, and dates in forms of their own
		if !timestampShape.MatchString(h.Get(headerTimestamp)) {
			return nil, fail(authenticationFailed, textBadHeader, headerTimestamp)
		}
		if f := oneValue(h, headerTimestampUnix); f != nil {
			return nil, f
		}
		var err error
		if unix, err = strconv.ParseInt(h.Get(headerTimestampUnix), 10, 64); err != nil {
			return nil, fail(authenticationFailed, textBadHeader, headerTimestampUnix)
		}
	}

	if h.Get(headerPartnerID) != s.opts.Partner.ID {
		return nil, fail(authenticationFailed, textUnknownPartner)
	}
	c := s.companies[h.Get(headerOrganisationID)]
	if c == nil || h.Get(headerCustomerID) != c.CustomerID {
		return nil, fail(authenticationFailed, textUnknownCustomer)
	}

	signed := Signed{
		Algorithm: algorithm,
		URL:       s.address(r), Sender: h.Get(headerSender), CustomerID: h.Get(headerCustomerID),
		Timestamp: h.Get(headerTimestamp), Language: h.Get(headerLanguage), OrganisationID: h.Get(headerOrganisationID),
		TransactionID: h.Get(headerTransactionID), TimestampUnix: h.Get(headerTimestampUnix),
		CustomerKey: c.CustomerKey, PartnerKey: s.opts.Partner.Key,
	}
	if !matches(h.Get(headerMAC), signed.digests()) {
		// The service echoes the string to be signed, and a digest behind a second " :: ". Here the digest is over the string
		// with its placeholders, so that an error never hands out a valid MAC.
		signed.CustomerKey, signed.PartnerKey = "[CustomerKey]", "[PartnerKey]"
		message := decodeMessage(signed.message())
		sum := sha256.Sum256([]byte(message))
		return nil, fail(authenticationFailed, textBadMAC, message, strings.ToUpper(hex.EncodeToString(sum[:])))
	}

	now := s.opts.Clock()
	if limit := s.opts.Freshness; limit > 0 && algorithm == HMACSHA256 {
		if off := now.Sub(time.Unix(unix, 0)); off > limit || off < -limit {
			return nil, fail(authenticationFailed, textStale)
		}
	}
	if !s.replay.first(signed.TransactionID, now) {
		return nil, fail(requestNotUnique, textNotUnique, signed.TransactionID)
	}
	s.journal.write(record{Seen: &savedID{signed.TransactionID, now}})
	return c, nil
}

// oneValue fails unless the header is there once, not empty and not too long.
func oneValue(h http.Header, name string) *failure {
	v := h.Values(name)
	switch {
	case len(v) == 0 || strings.TrimSpace(v[0]) == "":
		return fail(authenticationFailed, textMissingHeader, name)
	case len(v) > 1 || len(v[0]) > maxHeaderValue:
		return fail(authenticationFailed, textBadHeader, name)
	}
	return nil
}

// address is the URL the client asked for, byte for byte as sent.
func (s *Sandbox) address(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "http://") || strings.HasPrefix(r.RequestURI, "https://") {
		return r.RequestURI // absolute form, as sent to a proxy
	}
	uri := r.RequestURI
	if uri == "" { // a request that did not come over a connection
		uri = r.URL.RequestURI()
	}
	if s.opts.PublicURL != "" {
		return s.opts.PublicURL + uri
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + uri
}

func matches(given string, digests []string) bool {
	given = strings.ToLower(given)
	ok := 0
	for _, d := range digests {
		ok |= subtle.ConstantTimeCompare([]byte(given), []byte(d))
	}
	return ok == 1
}

func decodeMessage(s string) string {
	text, _ := decodeText([]byte(s), "") // without a named encoding there is no error
	return text
}

// replayGuard remembers transaction ids of one partner for 24 hours, across all companies, and at most limit of them.
type replayGuard struct {
	limit int
	mu    sync.Mutex
	seen  map[string]bool
	queue []seenID
}

type seenID struct {
	id string
	at time.Time
}

// first reports whether the id is new, and remembers it.
func (g *replayGuard) first(id string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.queue) > 0 && (len(g.queue) >= g.limit || now.Sub(g.queue[0].at) > replayMemory) {
		delete(g.seen, g.queue[0].id)
		g.queue = g.queue[1:]
	}
	if g.seen[id] {
		return false
	}
	g.seen[id] = true
	g.queue = append(g.queue, seenID{id, now})
	return true
}
