package flex

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// The customers that a sandbox begins with. The same seed and organisation give the same ones, to the byte. Names are made of words, business IDs are valid
// but from a range that has not been issued, telephone numbers have an area that is not in use, and e-mail goes to example.test.

const (
	firstBusinessID = 7_000_000 // none that high has been issued, and Netvisor's sandbox gives out others
	businessIDs     = 2_000_000
)

var (
	firstNames = []string{"Aino", "Eino", "Helmi", "Väinö", "Åsa", "Björn", "Päivi", "Jyrki", "Säde", "Yrjö", "Märta", "Tuulikki", "Kyösti", "Anna-Liisa", "Onni", "Venla"}
	lastNames  = []string{"Mäkelä", "Hämäläinen", "Åkerlund", "Öhman", "Virtanen", "Korhonen", "Pöyhönen", "Sjöström", "Lehtinen", "Yli-Räsänen", "af Björkskog", "Nieminen"}
	trees      = []string{"Mänty", "Kuusi", "Koivu", "Pihlaja", "Leppä", "Haapa", "Kataja", "Tammi", "Lehmus"}
	halves     = []string{"rinteen Rakennus", "kosken Sähkö", "lahden Kiinteistöt", "mäen Huolto", "niemen Putki", "saaren Vene", "pellon Maatila", "rannan Hoivakoti"}
	forms      = []string{"Oy", "Oy", "Oy", "Ky", "Tmi", "Ab"}
	streets    = []string{"Mäntytie", "Kauppakatu", "Puutarhatie", "Hämeentie", "Västra Ågatan", "Satamakatu", "Yrittäjänkuja"}
	cities     = []struct{ name, post string }{{"Helsinki", "00100"}, {"Espoo", "02100"}, {"Tampere", "33100"}, {"Jyväskylä", "40100"}, {"Äänekoski", "44100"}, {"Oulu", "90100"}, {"Kemi", "94100"}}
	roles      = []string{"Työnjohto", "Isännöinti", "Laskutus", "Vastaava mestari", "Avainten luovutus"}
	operators  = []string{"003721291126", "003723327487", "BAWCFI22", "E204503", "003710948874"}
	began      = time.Date(2024, 1, 8, 6, 0, 0, 0, time.UTC)
)

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// generate makes the customers of an organisation, seven of ten companies. Without a type that has a number series there is none to make.
func (o *organisation) generate(opts Options) error {
	if opts.Customers == 0 {
		return nil
	}
	company, private := o.seriesFor(IdentifierCompany), o.seriesFor(IdentifierPrivate)
	if company == nil {
		company = private
	}
	if private == nil {
		private = company
	}
	if company == nil {
		return fmt.Errorf("organisation %q has no customer type with a number series to generate customers of", o.id)
	}
	h := fnv.New64a()
	h.Write([]byte(o.id))
	r := rand.New(rand.NewPCG(opts.Seed, h.Sum64()))
	shift := r.IntN(businessIDs)
	for i := range opts.Customers {
		t := company
		if r.IntN(10) < 3 {
			t = private
		}
		c := person(r, i)
		if t.Identifier != IdentifierPrivate {
			c = business(r, i, firstBusinessID+(shift+i)%businessIDs)
		}
		t = o.typeOf(t.ID) // as the last number left it
		number, next := o.nextNumber(*t.NumberSeries)
		grown := new(t.clone())
		grown.NumberSeries.Next = next
		o.putType(grown)
		c.ID, c.CustomerNumber, c.CustomerTypeID = customerPrefix+strconv.Itoa(firstCustomer+i), number, t.ID
		c.Active, c.Origin, c.Revision, c.UpdatedBy = r.IntN(12) > 0, madeInFlex, int64(1+r.IntN(5)), "user:"+strconv.Itoa(1+r.IntN(20))
		c.CreatedAt = began.Add(time.Duration(i)*11*time.Minute + time.Duration(r.IntN(600))*time.Second)
		c.UpdatedAt = c.CreatedAt.Add(time.Duration(r.IntN(90*24)) * time.Hour)
		c.normalise()
		// Fields that the type demands and the invention left empty would make a customer that cannot be written again.
		for _, f := range c.check(&c, grown) {
			if f.Code != FieldMandatory {
				return fmt.Errorf("generated customer %s: %s %s", c.ID, f.Field, f.Message)
			}
		}
		o.put(&entry{c: c, lastContact: int64(len(c.Contacts))})
	}
	return nil
}

func (o *organisation) seriesFor(identifier Text) *CustomerType {
	for _, t := range o.types {
		if t.NumberSeries != nil && t.Identifier == identifier {
			return t
		}
	}
	return nil
}

func visiting(r *rand.Rand) *VisitingAddress {
	at := pick(r, cities)
	v := &VisitingAddress{Line1: Text(pick(r, streets) + " " + strconv.Itoa(1+r.IntN(99))), Postcode: Text(at.post), City: Text(at.name), Country: "FI"}
	if r.IntN(6) == 0 {
		v.Line2 = "C-rappu"
	}
	return v
}

func phone(r *rand.Rand) Text { return Text(fmt.Sprintf("+35840000%04d", r.IntN(10_000))) }

func mailOf(parts ...string) string {
	plain := strings.NewReplacer("ä", "a", "ö", "o", "å", "a", " ", "-").Replace(strings.ToLower(strings.Join(parts, ".")))
	return plain + "@example.test"
}

func person(r *rand.Rand, i int) Customer {
	first, last := pick(r, firstNames), pick(r, lastNames)
	c := Customer{
		Name: last + " " + first, FirstName: Text(first), LastName: Text(last), Phone: phone(r), Email: Text(mailOf(first, last, strconv.Itoa(i))), Visiting: visiting(r),
	}
	c.Billing.Language = pick(r, []Text{"fi", "fi", "fi", "sv", ""})
	c.Billing.ConsumerEInvoice = r.IntN(4) == 0
	if r.IntN(3) == 0 {
		c.Billing.Email = []string{string(c.Email)}
	}
	return c
}

func business(r *rand.Rand, i, id int) Customer {
	name := pick(r, trees) + pick(r, halves) + " " + pick(r, forms)
	c := Customer{Name: name, Phone: phone(r), Email: Text(mailOf("info", strconv.Itoa(i))), Visiting: visiting(r)}
	digits := strconv.Itoa(id)
	if check, ok := checkDigit(digits); ok { // where there is none, it is a customer without business ID
		c.BusinessID = Text(digits + "-" + string(check))
	}
	if r.IntN(5) == 0 {
		c.Name2 = "Pohjoinen yksikkö"
	}
	if r.IntN(3) > 0 { // one of three has the visiting address alone (F12)
		at := pick(r, cities)
		c.BillingAddress = &BillingAddress{Line1: Text("PL " + strconv.Itoa(1+r.IntN(900))), Postcode: Text(at.post), City: Text(at.name), Country: "FI"}
		if r.IntN(4) == 0 {
			c.BillingAddress.Name1, c.BillingAddress.Name2 = Text(name), "Ostolaskut"
		}
	}
	c.Billing.Language = pick(r, []Text{"fi", "fi", "sv", "en"})
	if r.IntN(2) == 0 {
		c.Billing.Email = []string{mailOf("laskut", strconv.Itoa(i))}
	}
	if c.BusinessID != "" && r.IntN(2) == 0 {
		c.Billing.EInvoice = &EInvoice{Address: "0037" + Text(strings.ReplaceAll(string(c.BusinessID), "-", "")), Operator: Text(pick(r, operators))}
	}
	for n := range r.IntN(3) {
		first, last := pick(r, firstNames), pick(r, lastNames)
		c.Contacts = append(c.Contacts, Contact{
			ID: "c" + strconv.Itoa(n+1), Name: first + " " + last, Phone: phone(r), Email: Text(mailOf(first, last)), Role: Text(pick(r, roles)),
		})
	}
	return c
}
