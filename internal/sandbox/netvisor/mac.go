package netvisor

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the service's original scheme, behind a switch
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Signed is what a request's MAC is computed over, in the order of Netvisor contract section 1.4. Strings are hashed byte
// for byte: the caller has chosen the form of the address and the encoding.
type Signed struct {
	URL, Sender, CustomerID, Timestamp, Language, OrganisationID, TransactionID, TimestampUnix string
	CustomerKey, PartnerKey                                                                    string
	// Algorithm is HMACSHA256 when empty.
	Algorithm Algorithm
}

// Algorithm is how a MAC is computed.
type Algorithm string

// The algorithms. The older two are plain hashes of what is signed, without TimestampUnix (Netvisor contract section 1.4).
const (
	HMACSHA256 Algorithm = "HMACSHA256"
	SHA256     Algorithm = "SHA256"
	MD5        Algorithm = "MD5"
)

// algorithmOf reads the header; an absent one means MD5.
func algorithmOf(header string) (Algorithm, bool) {
	switch a := Algorithm(strings.ToUpper(strings.TrimSpace(header))); a {
	case "":
		return MD5, true
	case HMACSHA256, SHA256, MD5:
		return a, true
	default:
		return "", false
	}
}

// MAC is the digest of what is signed, in lower-case hexadecimal.
func MAC(s Signed) string {
	switch s.Algorithm {
	case SHA256:
		sum := sha256.Sum256([]byte(s.message()))
		return hex.EncodeToString(sum[:])
	case MD5:
		sum := md5.Sum([]byte(s.message())) //nolint:gosec // the service's original scheme, behind a switch
		return hex.EncodeToString(sum[:])
	}
	h := hmac.New(sha256.New, []byte(s.CustomerKey+"&"+s.PartnerKey))
	h.Write([]byte(s.message()))
	return hex.EncodeToString(h.Sum(nil))
}

func (s Signed) message() string {
	parts := []string{s.URL, s.Sender, s.CustomerID, s.Timestamp, s.Language, s.OrganisationID, s.TransactionID}
	if s.Algorithm != SHA256 && s.Algorithm != MD5 {
		parts = append(parts, s.TimestampUnix)
	}
	return strings.Join(append(parts, s.CustomerKey, s.PartnerKey), "&")
}

// digests are the MACs a right client may have computed: over the address as sent or unescaped, in UTF-8 or in ISO-8859-15.
// Clients differ in both (Netvisor contract section 1.4), and the vendor's own choice is not known [inferred].
func (s Signed) digests() []string {
	s.each(func(v string) string {
		if utf8.ValidString(v) {
			return v
		}
		return decodeBytes([]byte(v), latin9Rune)
	})
	wire := s.URL
	var out []string
	for _, form := range []string{wire, unescape(wire, false), unescape(wire, true)} {
		if form != wire || len(out) == 0 {
			s.URL = form
			out = append(out, MAC(s))
			latin, fits := s, true
			latin.each(func(v string) string {
				e, ok := encodeLatin9(v)
				fits = fits && ok
				return e
			})
			if fits && latin != s {
				out = append(out, MAC(latin))
			}
		}
	}
	return out
}

// each rewrites every signed part that comes from the request.
func (s *Signed) each(f func(string) string) {
	for _, p := range []*string{&s.URL, &s.Sender, &s.CustomerID, &s.Timestamp, &s.Language, &s.OrganisationID, &s.TransactionID, &s.TimestampUnix} {
		*p = f(*p)
	}
}

// unescape is the address with its percent signs resolved; plus says whether a plus in the query is a space.
func unescape(address string, plus bool) string {
	path, query, has := strings.Cut(address, "?")
	if p, err := url.PathUnescape(path); err == nil {
		path = p
	}
	if !has {
		return path
	}
	resolve := url.PathUnescape
	if plus {
		resolve = url.QueryUnescape
	}
	if q, err := resolve(query); err == nil {
		query = q
	}
	if !utf8.ValidString(query) {
		query = decodeBytes([]byte(query), latin9Rune)
	}
	return path + "?" + query
}
