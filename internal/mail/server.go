package mail

import (
	"errors"
	"net/mail"
	"net/url"
	"strconv"
)

// Server says where mail is handed over, and in whose name.
type Server struct {
	host     string
	port     int
	user     string
	password string
	security security
	// from is the address that messages come from.
	from string
}

// security is how the connection is kept from being read.
type security int

const (
	startTLS security = iota // plain until STARTTLS, which the server has to offer
	implicit                 // TLS from the first byte
	none                     // for a relay on the same machine
)

// ports are the usual ones of RFC 8314 and, for a relay, of RFC 5321.
var ports = map[security]int{startTLS: 587, implicit: 465, none: 25}

// Errors of ParseServer. None repeats anything of the URL, since there may be a password in it.
var (
	ErrURL = errors.New("looks like smtps://USER:PASSWORD@HOST or smtp://USER:PASSWORD@HOST:587 (special characters in the " +
		"password percent-encoded), and smtp://HOST:25?tls=off for a relay that takes mail without TLS")
	ErrPlainPassword = errors.New("has a password and tls=off: it would go over the network for everybody to read")
	ErrFrom          = errors.New("is one address such as hub@example.test")
)

// ParseServer reads a server from its URL and the address that messages come from. smtp is STARTTLS, which the server has to
// offer, and smtps is TLS from the first byte; tls=off does without.
func ParseServer(text, from string) (*Server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return nil, ErrURL
	}
	s := &Server{host: u.Hostname(), from: from}
	query := u.Query()
	switch tls := query.Get("tls"); {
	case len(query) > 1, len(query) == 1 && tls == "":
		return nil, ErrURL
	case u.Scheme == "smtps" && tls == "":
		s.security = implicit
	case u.Scheme == "smtp" && tls == "":
		s.security = startTLS
	case u.Scheme == "smtp" && tls == "off":
		s.security = none
	default:
		return nil, ErrURL
	}
	s.port = ports[s.security]
	if u.Port() != "" {
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || port == 0 {
			return nil, ErrURL
		}
		s.port = int(port)
	}
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
		if s.user == "" || s.password == "" {
			return nil, ErrURL
		}
		if s.security == none {
			return nil, ErrPlainPassword
		}
	}
	if !bare(from) {
		return nil, ErrFrom
	}
	return s, nil
}

// bare says whether a text is an address and nothing else: no name, no second address, nothing that would begin another line
// of a header or another parameter of a command.
func bare(address string) bool {
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == ',' {
			return false
		}
	}
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Name == "" && parsed.Address == address
}
