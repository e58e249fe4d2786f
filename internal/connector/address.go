package connector

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// ParseBaseURL reads the base address of a system into the form that lanes compare: scheme and host in lower case, without default port
// and without slash at the end. example is one that a person recognises. No error repeats what was given.
func ParseBaseURL(text, example string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, fmt.Errorf("is not an address such as %s", example)
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("has to start with https://")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errors.New("has to start with https:// unless it is on this machine")
	case u.User != nil:
		return nil, errors.New("may not hold a user name or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("may not hold a query or a fragment")
	case !PrintableASCII(u.Host) || !PrintableASCII(u.Path) || u.RawPath != "" || strings.Contains(u.Path, " "):
		return nil, errors.New("may hold plain letters, digits and punctuation only")
	}
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// PrintableASCII says whether s may stand in a header or an address as it is.
func PrintableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
