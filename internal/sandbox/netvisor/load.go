package netvisor

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxCaptured = 128 << 20 // bytes of one captured file
	maxDepth    = 64
)

// captured is a Customer element of a captured reply with where it came from, for warnings.
type captured struct {
	file string
	e    *element
}

// loadFolder reads every *.xml in the folder and in those right below it, in the order of their names, and joins what they hold
// into customers. Replies of other resources and failed ones are skipped with a warning.
func loadFolder(dir string, at time.Time, log *slog.Logger) ([]*Customer, error) {
	names, err := xmlFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the folder of captured replies: %w", err)
	}
	var rows, details []captured
	usable := 0
	for _, name := range names {
		roots, err := parseFile(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("captured file %s: %w", filepath.Join(dir, name), err)
		}
		found := false
		for _, root := range roots {
			for _, e := range append([]*element{root}, root.children...) {
				kind := strings.ToLower(e.name)
				if kind != "customerlist" && kind != "customers" && kind != "customer" {
					continue
				}
				found = true
				for _, c := range customersIn(e) {
					switch {
					case c.child("CustomerBaseInformation") != nil:
						details = append(details, captured{name, c})
					case c.child("Netvisorkey") != nil || c.child("Name") != nil || c.child("Code") != nil:
						rows = append(rows, captured{name, c})
					default:
						log.Warn("captured customer without content skipped", "file", name)
					}
				}
				if e == root { // a fragment without envelope
					break
				}
			}
		}
		if !found {
			log.Warn("captured file holds no customers and is skipped", "file", name)
			continue
		}
		usable++
	}
	if usable == 0 {
		return nil, fmt.Errorf("folder %s holds no captured customer replies: no *.xml file has a Customerlist, Customer or Customers", dir)
	}
	j := joiner{at: at, log: log, byKey: map[int64]*Customer{}, byCode: map[string][]*Customer{}, byName: map[string][]*Customer{}}
	return j.join(rows, details), nil
}

func customersIn(e *element) []*element {
	if strings.EqualFold(e.name, "Customer") {
		return []*element{e}
	}
	return slices.DeleteFunc(slices.Clone(e.children), func(c *element) bool { return !strings.EqualFold(c.name, "Customer") })
}

// xmlFiles are paths below dir, sorted.
func xmlFiles(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if strings.Count(rel, string(filepath.Separator)) > 0 {
				return fs.SkipDir
			}
			return nil
		}
		if strings.EqualFold(filepath.Ext(path), ".xml") {
			names = append(names, rel)
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

var declared = regexp.MustCompile(`^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']+)["']`)

// parseFile reads a captured file into trees. Encodings are those that such files come in: UTF-8 and UTF-16 with or without a byte order mark,
// ISO-8859-1, ISO-8859-15 and windows-1252, and UTF-8 declared by a file that is not.
func parseFile(path string) ([]*element, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxCaptured {
		return nil, fmt.Errorf("is larger than %d MB", maxCaptured>>20)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var text string
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		text = decodeUTF16(b[2:], b[0] == 0xFE)
	case bytes.HasPrefix(b, []byte{0xEF, 0xBB, 0xBF}):
		text, err = decodeText(b[3:], "utf-8")
	default:
		charset := ""
		if m := declared.FindSubmatch(b[:min(len(b), 512)]); m != nil {
			charset = string(m[1])
		}
		text, err = decodeText(b, charset)
	}
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	return parseXML(text)
}

// parseXML reads one or more documents in a row. Text between elements is dropped, text of leaves is kept to the letter.
func parseXML(text string) ([]*element, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // decoded already
	d.Entity = xml.HTMLEntity
	var roots, open []*element
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
			return nil, fmt.Errorf("line %d: %s", syntax.Line, syntax.Msg)
		}
		line, _ := d.InputPos()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local}
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					e.attrs = append(e.attrs, attribute{a.Name.Local, a.Value})
				}
			}
			if len(open) == maxDepth {
				return nil, fmt.Errorf("line %d: elements are nested deeper than %d", line, maxDepth)
			}
			if len(open) == 0 {
				roots = append(roots, e)
			} else {
				parent := open[len(open)-1]
				parent.children = append(parent.children, e)
			}
			open = append(open, e)
		case xml.EndElement:
			e := open[len(open)-1]
			if len(e.children) > 0 {
				e.text = ""
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			} else if strings.TrimSpace(string(t)) != "" {
				return nil, fmt.Errorf("line %d: text outside of elements; is this XML?", line)
			}
		}
	}
	if len(roots) == 0 {
		return nil, errors.New("line 1: holds no XML")
	}
	return roots, nil
}

// joiner puts list rows and cards of the same customer together.
type joiner struct {
	at     time.Time
	log    *slog.Logger
	out    []*Customer
	byKey  map[int64]*Customer
	byCode map[string][]*Customer // only of list rows
	byName map[string][]*Customer // name and business id, only of list rows
	next   int64
}

// join works from sure to unsure: what has a key first, then what is found by code, then by name and business id; the rest gets new
// keys. Of two with the same key the first file by name wins. Customers that are listed come first, in the order of the lists.
func (j *joiner) join(rows, details []captured) []*Customer {
	j.next = firstKey
	for _, r := range rows {
		j.see(keyIn(r.e, "Netvisorkey"))
	}
	cards := map[int64]captured{}
	var cardOrder []int64
	var loose []captured
	for _, d := range details {
		key := keyIn(d.e.child("CustomerBaseInformation"), "NetvisorKey")
		j.see(key)
		if key == 0 {
			loose = append(loose, d)
		} else if _, twice := cards[key]; twice {
			j.log.Warn("captured customer is there twice; the first file counts", "file", d.file, "key", key)
		} else {
			cards[key] = d
			cardOrder = append(cardOrder, key)
		}
	}

	codes := map[string][]int64{} // of cards with a key, for rows without
	for _, key := range cardOrder {
		if code := cards[key].e.child("CustomerBaseInformation").value("InternalIdentifier"); code != "" {
			codes[code] = append(codes[code], key)
		}
	}
	for _, r := range rows {
		key := keyIn(r.e, "Netvisorkey")
		if key == 0 {
			if same := codes[r.e.value("Code")]; len(same) == 1 && j.byKey[same[0]] == nil {
				key = same[0]
			} else {
				key = j.fresh()
				j.log.Warn("captured list row without a key gets a new one", "file", r.file, "key", key)
			}
			setKey(r.e, "Netvisorkey", key)
		}
		if j.byKey[key] != nil {
			j.log.Warn("captured list row is there twice; the first file counts", "file", r.file, "key", key)
			continue
		}
		c := j.keep(&Customer{key: key, row: r.e})
		if code := r.e.value("Code"); code != "" {
			j.byCode[code] = append(j.byCode[code], c)
		}
		name := nameOf(r.e.value("Name"), r.e.value("OrganisationIdentifier"))
		j.byName[name] = append(j.byName[name], c)
	}
	for _, key := range cardOrder {
		c := j.byKey[key]
		if c == nil {
			c = j.keep(&Customer{key: key})
		}
		c.detail = cards[key].e
	}
	j.joinLoose(loose)
	for _, c := range j.out {
		if c.detail == nil {
			c.detail = cardFromRow(c.key, c.row)
		}
	}
	return j.out
}

// joinLoose finds a place for cards without a key, as replies of 2009-2016 have them.
func (j *joiner) joinLoose(loose []captured) {
	placed := map[string]bool{}
	for _, d := range loose {
		base := d.e.child("CustomerBaseInformation")
		code, name := base.value("InternalIdentifier"), nameOf(base.value("Name"), base.value("ExternalIdentifier"))
		match := j.byName[name]
		if code != "" {
			if match = j.byCode[code]; len(match) > 1 { // a code that several rows have: only the right name will do
				match = slices.DeleteFunc(slices.Clone(match), func(c *Customer) bool { return !slices.Contains(j.byName[name], c) })
			}
		}
		switch {
		case len(match) == 1 && match[0].detail == nil:
			match[0].detail = d.e
		case len(match) == 1 || placed[code+"\x00"+name]:
			j.log.Warn("captured customer is there twice; the first file counts", "file", d.file)
			continue
		default:
			c := j.keep(&Customer{key: j.fresh(), detail: d.e})
			j.log.Warn("captured customer without a key matches no single list row and gets a new key", "file", d.file, "key", c.key)
			match = []*Customer{c}
		}
		placed[code+"\x00"+name] = true
		setKey(base, "NetvisorKey", match[0].key)
	}
}

func (j *joiner) keep(c *Customer) *Customer {
	c.changed = j.at
	j.byKey[c.key] = c
	j.out = append(j.out, c)
	return c
}

func (j *joiner) see(key int64) { j.next = max(j.next, key+1) }

func (j *joiner) fresh() int64 {
	j.next++
	return j.next - 1
}

func nameOf(name, businessID string) string { return name + "\x00" + businessID }

// keyIn is the key in a child element; zero when there is none that can be one.
func keyIn(e *element, name string) int64 {
	key, err := strconv.ParseInt(e.value(name), 10, 64)
	if err != nil || key < 0 || key > 1<<60 {
		return 0
	}
	return key
}

func setKey(e *element, name string, key int64) {
	c := e.child(name)
	if c == nil {
		c = leaf(name, "")
		e.text, e.children = "", slices.Insert(e.children, 0, c)
	}
	c.text = strconv.FormatInt(key, 10)
}

// cardFromRow is the least that a card can be, for a list row whose card was not captured: what the row says, active, and no private
// person, as Netvisor presets a new card [inferred].
func cardFromRow(key int64, row *element) *element {
	base := node("CustomerBaseInformation", leaf("NetvisorKey", strconv.FormatInt(key, 10)))
	for _, pair := range [][2]string{{"InternalIdentifier", "Code"}, {"ExternalIdentifier", "OrganisationIdentifier"},
		{"CustomerGroupNetvisorKey", "CustomerGroupID"}, {"CustomerGroupName", "CustomerGroupName"}, {"Name", "Name"}} {
		if from := row.child(pair[1]); from != nil {
			base.children = append(base.children, leaf(pair[0], from.text))
		}
	}
	base.children = append(base.children, leaf("IsActive", "1"), leaf("IsPrivateCustomer", "0"))
	return node("Customer", base)
}
