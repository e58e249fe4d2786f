package netvisor

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

const (
	tempKey  = 1
	firstKey = 1001
	// firstCode is the customer code of the first generated customer.
	firstCode = 100_001
	keyStep   = 3 // generated keys have gaps, as real ones do

	// businessIDs is how many different business ids there are to give out, from 4000000 up. None that high has been issued.
	businessIDs = 3_000_000
)

// Streams keep the parts of a customer apart, so that the row of the list is made without the rest of the card.
const (
	streamCompany = iota
	streamKey
	streamIdentity
	streamCard
	streamTab
)

// generator makes customer number i of a company from nothing but the seed, always the same one.
type generator struct {
	seed        uint64
	first       int64
	count       int
	oddIdentity bool
	shift       uint64
}

func newGenerator(seed uint64, organisation string, first int64, count int, oddIdentity bool) generator {
	h := fnv.New64a()
	h.Write([]byte(organisation))
	g := generator{seed: mix(seed) ^ h.Sum64(), first: first, count: count, oddIdentity: oddIdentity}
	g.shift = mix(g.seed) % businessIDs
	return g
}

func (g generator) key(i int) int64 {
	return g.first + keyStep*int64(i) + int64(newRand(g.seed, i, streamKey).below(keyStep))
}

func (g generator) index(key int64) (int, bool) {
	i := int((key - g.first) / keyStep)
	return i, key >= g.first && i < g.count && g.key(i) == key
}

// withCode are the customers with that code, without making any customer but those that could have it.
func (g generator) withCode(code string) []int {
	var found []int
	try := func(digits string, first int) {
		n, err := strconv.Atoi(digits)
		if i := n - first; err == nil && i >= 0 && i < g.count && g.identity(i).code == code {
			found = append(found, i)
		}
	}
	if code == "" {
		return nil
	}
	try(code, firstCode)
	if rest, ok := strings.CutPrefix(code, "AS-"); ok {
		try(rest, 1)
	}
	if strings.HasPrefix(code, "0") {
		try(code, 1)
	}
	return found
}

// end is the first key behind the generated ones.
func (g generator) end() int64 { return g.first + keyStep*int64(g.count) }

// identity is who a customer is: all that the list shows and the filters need.
type identity struct {
	i                         int
	key                       int64
	changed                   time.Time
	private, active           bool
	sole                      bool // a private person in business, who has a business id
	first, last               string
	name, extension           string
	code, businessID, country string
	slug                      string // for addresses in e-mail
	email                     string
	group                     int // 0 means none
	odd                       oddity
}

// oddity is what is strange about a customer. Each kind is a shape that real clients met (Netvisor contract sections 2, 4 and 6).
type oddity int

const (
	ordinary        oddity = iota
	oddNoCode              // empty customer code
	oddSampleID            // business id from documentation, with a wrong check digit
	oddForeignVAT          // foreign VAT number in the business id
	oddIdentityCode        // artificial personal identity code in the business id
	oddEmpty               // company with empty elements where others have text
	oddRelativeURI
	oddMalformedURI
	oddRowWithoutGroup // list row in the shape of 2009-2016
	oddNoGroup         // no group elements on the card
	oddLongName        // 250 characters, the most a name has
	oddAttribute       // ISO-3316 for ISO-3166
	oddShortIBAN       // e-invoice address that is an IBAN of wrong length
	oddSpaces          // surrounding spaces in name and post number
	oddCodeZero        // customer code with leading zeros
	oddUnissuedID      // business id whose remainder is 1, with check digit 0
	oddLines           // comment of several lines with markup characters
)

// oddities come around every 50 customers, each at its own place, so that every small company has them all.
var oddities = map[int]oddity{
	3: oddNoCode, 5: oddSampleID, 8: oddForeignVAT, 11: oddIdentityCode, 13: oddEmpty, 16: oddRelativeURI, 19: oddMalformedURI,
	21: oddRowWithoutGroup, 24: oddNoGroup, 27: oddLongName, 30: oddAttribute, 33: oddShortIBAN, 36: oddSpaces,
	39: oddCodeZero, 42: oddUnissuedID, 45: oddLines,
	28: oddNoCode, 34: oddNoGroup, 47: oddNoGroup, 48: oddForeignVAT,
}

var (
	changedFrom = time.Date(2019, 1, 7, 6, 0, 0, 0, time.UTC)
	changedSpan = int64(time.Date(2025, 12, 19, 16, 0, 0, 0, time.UTC).Sub(changedFrom) / time.Second)
)

func (g generator) identity(i int) identity {
	r := newRand(g.seed, i, streamIdentity)
	id := identity{i: i, key: g.key(i), country: "FI", odd: oddities[i%50]}
	if id.odd == oddIdentityCode && (!g.oddIdentity || i%500 != 11) {
		id.odd = ordinary
	}
	id.changed = changedFrom.Add(time.Duration(r.below(uint64(changedSpan))) * time.Second)
	id.private = r.below(100) < 30
	id.active = r.below(100) >= 7
	id.group = int(r.below(uint64(len(groups) + 1)))
	switch id.odd {
	case oddSampleID, oddForeignVAT, oddEmpty, oddShortIBAN, oddUnissuedID, oddLongName:
		id.private = false
	case oddIdentityCode:
		id.private = true
	case oddNoGroup:
		id.group = 0
	}
	id.first, id.last = pick(r, firstNames), pick(r, lastNames)
	if id.private {
		id.sole = id.odd == ordinary && r.below(10) == 0
		id.name = id.last + " " + id.first
		if r.below(3) == 0 {
			id.name = id.first + " " + id.last
		}
		id.slug = slug(id.first) + "." + slug(id.last)
		id.email = id.slug + "@example.test"
	} else {
		id.name = companyName(r, id.last)
		id.slug = slug(id.name)
		id.email = "info@" + id.slug + ".example.test"
		if r.below(8) == 0 {
			id.extension = pick(r, extensions)
		}
	}
	if !id.private || id.sole {
		id.businessID = businessID((uint64(i)*1_000_003 + g.shift) % businessIDs)
	}
	id.code = strconv.Itoa(firstCode + i)
	if r.below(20) == 0 {
		id.code = fmt.Sprintf("AS-%05d", i+1)
	}
	id.apply(r)
	return id
}

// apply makes the identity as odd as it is to be.
func (id *identity) apply(r *random) {
	switch id.odd {
	case oddNoCode:
		id.code = ""
	case oddCodeZero:
		id.code = fmt.Sprintf("%08d", id.i+1)
	case oddSampleID:
		id.businessID = pick(r, []string{"1234567-8", "1478523-8"})
	case oddUnissuedID:
		id.businessID = pick(r, []string{"2352398-0", "1000008-0", "0100007-0"})
	case oddForeignVAT:
		f := foreign[int(r.below(uint64(len(foreign))))]
		id.country, id.name = f.country, id.last+" "+f.form
		id.slug = slug(id.name)
		id.email = "info@" + id.slug + ".example.test"
		id.businessID = f.vat + "000" + digits(r, f.digits-3) // nobody has one that begins so
	case oddIdentityCode:
		id.businessID = "010190-900P" // individual numbers from 900 are artificial
	case oddEmpty:
		id.email = ""
	case oddLongName:
		const most = 250
		name := []rune(strings.Repeat(id.name+" ja Äyräpään Öljynvälitys ", 12))
		id.name = strings.TrimSpace(string(name[:most-3])) + " Oy"
	case oddSpaces:
		id.name = " " + id.name + "  "
	}
}

func (g generator) summary(i int) summary {
	id := g.identity(i)
	s := summary{key: id.key, changed: id.changed, name: id.name, extension: id.extension, code: id.code, businessID: id.businessID, email: id.email}
	if id.group > 0 {
		s.groupID, s.groupName = strconv.Itoa(id.group), groups[id.group-1]
	}
	switch id.odd {
	case oddRelativeURI:
		s.uri = "/getcustomer.nv?id=" + strconv.FormatInt(id.key, 10)
	case oddMalformedURI:
		s.uri = "http://netvisor.example.testgetcustomer.nv?id=" + strconv.FormatInt(id.key, 10)
	case oddRowWithoutGroup:
		s.old = true
	}
	return s
}

// customer is the whole customer; its list row keeps the shape that summary gives it.
func (g generator) customer(i int) *Customer {
	id := g.identity(i)
	c := &Customer{key: id.key, changed: id.changed, detail: card(id, newRand(g.seed, i, streamCard))}
	c.row = g.summary(i).element()
	c.tab = inventTab(id, newRand(g.seed, i, streamTab))
	return c
}

// businessID is the nth business id with a right check digit. Of two neighbouring numbers at most one has remainder 1, which is never issued.
func businessID(n uint64) string {
	base := 4_000_000 + 2*n
	if remainder(base) == 1 {
		base++
	}
	check := (11 - remainder(base)) % 11
	return fmt.Sprintf("%07d-%d", base, check)
}

func remainder(base uint64) uint64 {
	sum := uint64(0)
	for _, weight := range [7]uint64{2, 4, 8, 5, 10, 9, 7} { // from the last digit to the first
		sum += base % 10 * weight
		base /= 10
	}
	return sum % 11
}

// iban is a Finnish account number with right check digits, in the number space of documentation samples.
func iban(r *random) string {
	account := "123456" + digits(r, 8)
	// FI is 1518 in the arithmetic, with two zeros where the check digits will be.
	rest := 0
	for _, d := range account + "151800" {
		rest = (rest*10 + int(d-'0')) % 97
	}
	return fmt.Sprintf("FI%02d%s", 98-rest, account)
}

// random is a small generator of its own (splitmix64), so that the data do not change with the Go version.
type random struct{ state uint64 }

func newRand(seed uint64, i int, stream uint64) *random {
	return &random{mix(seed+stream*0x9E3779B97F4A7C15) ^ mix(uint64(i)*0xD1342543DE82EF95+stream)}
}

func mix(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below is a number from 0 to n-1.
func (r *random) below(n uint64) uint64 {
	r.state += 0x9E3779B97F4A7C15
	return mix(r.state) % n
}

func pick[T any](r *random, from []T) T { return from[r.below(uint64(len(from)))] }

func digits(r *random, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.below(10))
	}
	return string(b)
}

// slug is a name as it stands in an e-mail address.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == 'ä' || r == 'å' || r == 'á':
			b.WriteByte('a')
		case r == 'ö' || r == 'õ' || r == 'ø':
			b.WriteByte('o')
		case r == 'ü':
			b.WriteByte('u')
		case r == 'é':
			b.WriteByte('e')
		case r == 'š':
			b.WriteByte('s')
		case (r == ' ' || r == '-') && b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

func companyName(r *random, family string) string {
	switch r.below(10) {
	case 0:
		return family + " & Pojat Oy"
	case 1:
		return family + " Consulting Oy Ab"
	case 2:
		return pick(r, trades) + " " + family + " Tmi"
	case 3:
		return pick(r, cities).of + " " + pick(r, trades) + " Ky"
	case 4:
		return "Asunto Oy " + pick(r, cities).of + " " + pick(r, trees)
	case 5:
		return pick(r, trees) + pick(r, halves) + " ry"
	default:
		return pick(r, trees) + pick(r, halves) + " " + pick(r, []string{"Oy", "Oy", "Oy", "Oyj", "Ab", "Osk"})
	}
}
