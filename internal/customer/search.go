package customer

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// A collator may be used by one goroutine at a time, so they are pooled.
var collators = sync.Pool{New: func() any {
	return collate.New(language.Finnish, collate.IgnoreCase)
}}

// SortKey gives a key whose bytes sort as names do by Finnish rules: å, ä and ö come after z, and case does not matter. It
// does not depend on the locale of any server.
func SortKey(name string) []byte {
	c, _ := collators.Get().(*collate.Collator)
	defer collators.Put(c)
	var buf collate.Buffer
	return c.KeyFromString(&buf, name)
}

// undivided are letters of neighbouring languages that Unicode does not take apart into a letter and a mark.
var undivided = strings.NewReplacer("ø", "o", "æ", "ae", "œ", "oe", "ð", "d", "đ", "d", "þ", "th", "ł", "l", "ß", "ss", "ı", "i")

// Fold gives the form in which texts are searched: lower case, without diacritics, runs of anything that is no letter or
// digit as one space. Both sides of a search are folded, so Mäki is found by maki and by MÄKI.
func Fold(s string) string {
	stripped, _, err := transform.String(transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	if err != nil {
		stripped = s
	}
	return strings.Join(strings.FieldsFunc(undivided.Replace(strings.ToLower(stripped)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}

// SearchText is what the customer is found by: names, number, and the business ID with and without its hyphen.
func (c *Customer) SearchText() string {
	return Fold(strings.Join([]string{
		c.Name, c.NameExtension, c.FirstName, c.LastName, c.Number, c.BusinessID, strings.ReplaceAll(c.BusinessID, "-", ""),
	}, " "))
}

// SortKey gives a key whose bytes sort as persons are listed by Finnish rules: by last name, then by first name.
func (p *Person) SortKey() []byte {
	// The zero between the names is below every byte of a key, so Aho, Ville comes before Ahola, Aino.
	return slices.Concat(SortKey(p.LastName), []byte{0}, SortKey(p.FirstName))
}

// SearchText is what the person is found by: the names.
func (p *Person) SearchText() string { return Fold(p.FirstName + " " + p.LastName) }

// SearchWords splits a search into the folded words that must all occur, at most eight of them.
func SearchWords(text string) []string {
	words := strings.Fields(Fold(text))
	return words[:min(len(words), 8)]
}
