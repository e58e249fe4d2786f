package netvisor

import (
	"strconv"
	"strings"
)

// register is a numbered list of names that a company keeps, such as its customer groups. Names are compared to the letter.
type register struct {
	next   int64
	byName map[string]string // key of a name
	byKey  map[string]string
}

func newRegister(next int64, names ...string) register {
	r := register{next, map[string]string{}, map[string]string{}}
	for _, name := range names {
		r.ensure(name)
	}
	return r
}

// enter takes a pair in, unless the key or the name is there already.
func (r *register) enter(key, name string) {
	_, known := r.byKey[key]
	_, named := r.byName[name]
	if known || named || key == "" || name == "" {
		return
	}
	r.byKey[key], r.byName[name] = name, key
	if n, err := strconv.ParseInt(key, 10, 64); err == nil && n < 1<<60 {
		r.next = max(r.next, n+1)
	}
}

// ensure is the key of a name, a new one where the list has no such name.
func (r *register) ensure(name string) (key string, added bool) {
	if key, ok := r.byName[name]; ok {
		return key, false
	}
	key = strconv.FormatInt(r.next, 10)
	r.enter(key, name)
	return key, true
}

// named is an entry of a register, for the state on disk.
type named struct {
	Register string `json:"register"`
	Key      string `json:"key"`
	Name     string `json:"name"`
}

// registers are all that a company has.
type registers struct {
	groups, terms, accounts, dimensions, items register
	added                                      []named // since the last commit
}

// itemName is how an item is listed: names of items are unique within their dimension only.
func itemName(dimension, item string) string { return dimension + "\x00" + item }

func newRegisters() registers {
	r := registers{
		groups: newRegister(1), terms: newRegister(11), accounts: newRegister(1, "Rahoitusyhtiö Esimerkki Oy", "Factor Test Ab"),
		dimensions: newRegister(1, "Projekti", "Kustannuspaikka"), items: newRegister(20),
	}
	for i, name := range groups {
		r.groups.enter(strconv.Itoa(i+1), name)
	}
	for _, t := range paymentTerms {
		r.terms.enter(t.key, t.name)
	}
	for i, name := range costCentres {
		r.items.enter(strconv.Itoa(20+i), itemName("Kustannuspaikka", name))
	}
	return r
}

func (r *registers) all() map[string]*register {
	return map[string]*register{"groups": &r.groups, "terms": &r.terms, "accounts": &r.accounts, "dimensions": &r.dimensions, "items": &r.items}
}

// ensure is the key of a name in one of the lists; a new entry is remembered for the state on disk.
func (r *registers) ensure(list, name string) string {
	key, added := r.all()[list].ensure(name)
	if added {
		r.added = append(r.added, named{list, key, name})
	}
	return key
}

// learn takes in what a captured card names, so that the names can be written again.
func (r *registers) learn(c *Customer) {
	r.groups.enter(c.Get("CustomerGroupNetvisorKey"), c.Get("CustomerGroupName"))
	info := c.detail.child("CustomerAdditionalInformation")
	for _, e := range info.all() {
		switch strings.ToLower(e.name) {
		case "defaultpaymentterm":
			r.terms.enter(e.attr("netvisorkey"), strings.TrimSpace(e.text))
		case "factoringaccount":
			r.accounts.enter(e.attr("netvisorkey"), strings.TrimSpace(e.text))
		case "customerdimensions":
			for _, d := range e.all() {
				name, item := d.child("DimensionName"), d.child("DimensionItem")
				if name == nil || item == nil {
					continue
				}
				r.dimensions.enter(name.attr("netvisorkey"), strings.TrimSpace(name.text))
				r.items.enter(item.attr("netvisorkey"), itemName(strings.TrimSpace(name.text), strings.TrimSpace(item.text)))
			}
		}
	}
}

// salesPerson is one of the company's people who sell.
type salesPerson struct{ key, first, last, provision string }

var salesPeople = []salesPerson{{"1", "Aino", "Åkerlund", "0"}, {"2", "Kyösti", "Hämäläinen", "2,5"}, {"3", "Märta", "Öhman", "0"}, {"4", "Onni", "Pöyhönen", "5"},
	{"6", "Päivi", "Väisänen", "1,25"}, {"9", "Ilkka", "Yli-Räsänen", "0"}}

func findSalesPerson(key string) (salesPerson, bool) {
	for _, p := range salesPeople {
		if p.key == key {
			return p, true
		}
	}
	return salesPerson{}, false
}

// salesPersonnel answers salespersonnellist.nv. The name of the outer element is [inferred].
func (*Sandbox) salesPersonnel(_ *company, _ parameters, out *reply) *failure {
	list := node("SalesPersonnelList")
	for _, p := range salesPeople {
		e := node("SalesPerson", leaf("FirstName", p.first), leaf("LastName", p.last), leaf("ProvisionPercent", p.provision))
		e.attrs = []attribute{{"netvisorkey", p.key}}
		list.children = append(list.children, e)
	}
	x := out.begin(statusOK, "", out.clock())
	x.element(list)
	out.end(x)
	return nil
}
