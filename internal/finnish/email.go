package finnish

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseEmail returns one e-mail address with its domain in lower case; the part before the @ is kept, since its case
// belongs to the receiver. A display name ("Maija <maija@example.test>") is not an address. Letters outside ASCII are
// accepted on both sides.
//
// The error is an [Issue] with code [EmailFormat], or [EmailTooLong] beyond 254 characters.
func ParseEmail(s string) (string, error) {
	t := strings.TrimSpace(s)
	if utf8.RuneCountInString(t) > 254 {
		return "", reject(EmailTooLong, "An e-mail address has at most 254 characters.")
	}
	local, domain, ok := strings.Cut(t, "@")
	if !ok || !emailLocal(local) || !emailDomain(domain) {
		return "", reject(EmailFormat, "An e-mail address has the form name@example.test.")
	}
	return local + "@" + strings.ToLower(domain), nil
}

// ParseEmailList splits addresses at semicolons and commas, the way billing e-mail addresses are kept in one field
// (section 10). Empty places and repeated addresses are dropped. Addresses that are not well formed are left out of the
// result and refused by an issue that names their position, counted from one; a text without any address gives
// [EmailListIsEmpty].
func ParseEmailList(s string) ([]string, Issues) {
	var list []string
	var issues Issues
	position := 0
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ';' || r == ',' }) {
		if strings.TrimSpace(part) == "" {
			continue
		}
		position++
		address, err := ParseEmail(part)
		if err != nil {
			for _, issue := range refusals(err) {
				issue.Message = fmt.Sprintf("Address %d: %s", position, issue.Message)
				issues = append(issues, issue)
			}
			continue
		}
		if !slices.Contains(list, address) {
			list = append(list, address)
		}
	}
	if position == 0 {
		issues = Issues{reject(EmailListIsEmpty, "There is no e-mail address.")}
	}
	return list, issues
}

// JoinEmails puts addresses into one text with semicolons, the reverse of [ParseEmailList].
func JoinEmails(addresses []string) string { return strings.Join(addresses, ";") }

func emailLocal(s string) bool {
	if s == "" || len(s) > 64 || strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	for _, r := range s {
		if r < utf8.RuneSelf {
			if !isAlnum(byte(r)) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r) {
				return false
			}
		} else if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			return false
		}
	}
	return true
}

func emailDomain(s string) bool {
	if !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for _, r := range label {
			if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '-' {
				return false
			}
		}
	}
	return true
}
