package api

import (
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// ReadList reads a reply of customerlist.nv and gives each row to yield as it arrives. The rows may be believed only when
// the error is nil and the envelope is OK: then the closing element was there. An error of yield ends the reading and is
// returned as it is. Other errors are NotReplyError, BrokenError, or those of r.
func ReadList(r io.Reader, yield func(Row) error) (Envelope, error) {
	return read(r, func(d *decoder, name string) error {
		if name != "customerlist" {
			return d.skip()
		}
		d.env.HasData = true
		return d.each("customer", func() error {
			var row Row
			if err := d.record(&row); err != nil {
				return err
			}
			return yield(row)
		})
	})
}

// ReadCustomers reads a reply of getcustomer.nv, in the shape for one id or for many, and gives each customer to yield.
// The same rules hold as for ReadList.
func ReadCustomers(r io.Reader, yield func(Customer) error) (Envelope, error) {
	one := func(d *decoder) error {
		var c Customer
		if err := d.record(&c); err != nil {
			return err
		}
		c.Unknown = d.unknown
		return yield(c)
	}
	return read(r, func(d *decoder, name string) error {
		switch name {
		case "customer":
			d.env.HasData = true
			return one(d)
		case "customers":
			d.env.HasData = true
			return d.each("customer", func() error { return one(d) })
		}
		return d.skip()
	})
}

// ReadSalesPeople reads a reply of salespersonnellist.nv and gives each person to yield. The name of the element around the
// persons is not documented, so any is taken. The same rules hold as for ReadList.
func ReadSalesPeople(r io.Reader, yield func(SalesPerson) error) (Envelope, error) {
	return read(r, func(d *decoder, _ string) error {
		d.env.HasData = true
		return d.children(func(name string) error {
			if name != "salesperson" {
				return d.skip()
			}
			var p SalesPerson
			if err := d.recordWith(&p, d.attrs); err != nil {
				return err
			}
			return yield(p)
		})
	})
}

// ReadResponsibility reads a reply about the responsibility tabs of customers and gives each to yield. The same rules hold as for ReadList.
func ReadResponsibility(r io.Reader, yield func(Responsibility) error) (Envelope, error) {
	return read(r, func(d *decoder, name string) error {
		if name != "customerresponsibility" {
			return d.skip()
		}
		d.env.HasData = true
		var tab Responsibility
		if err := d.record(&tab); err != nil {
			return err
		}
		return yield(tab)
	})
}

// decoder walks over a reply and keeps the bounds.
type decoder struct {
	in       *input
	xml      *xml.Decoder
	env      Envelope
	depth    int
	elements int
	// attrs are those of the element that children has just entered.
	attrs []xml.Attr

	// Of the record being read.
	unknown      []string
	bytesEnd     int64
	elementsEnd  int
	withinRecord bool
}

// read reads a whole reply. data is called inside each child of the root that is not the status, and has to read to the
// child's end.
func read(r io.Reader, data func(d *decoder, name string) error) (Envelope, error) {
	in, head, err := newInput(r)
	if err != nil {
		return Envelope{}, err
	}
	if what := sniff(head); what != "" {
		return Envelope{}, notReply(what, head)
	}
	d := &decoder{in: in, xml: xml.NewDecoder(in)}
	d.xml.Strict = true
	d.xml.CharsetReader = charset
	root, err := d.root()
	if err != nil {
		return Envelope{}, d.explain(err)
	}
	if root != "root" {
		what := "XML of another kind"
		if root == "html" {
			what = "a web page"
		}
		return Envelope{}, notReply(what, head)
	}
	err = d.children(func(name string) error {
		if name == "responsestatus" {
			return d.status()
		}
		return data(d, name)
	})
	if err == nil {
		err = d.end()
	}
	return d.env, d.explain(err)
}

// explain makes a BrokenError of what is wrong with the text itself; errors of the reader below and of the caller above
// stay what they are.
func (d *decoder) explain(err error) error {
	if err == nil {
		return nil
	}
	_, syntax := errors.AsType[*xml.SyntaxError](err)
	ours := slices.ContainsFunc([]error{errNUL, errDoctype, errDepth, errToken, errRecord, errElements, errTrailing, io.EOF, io.ErrNoProgress},
		func(known error) bool { return err == known }) //nolint:errorlint // inside another error it is the reader's or the caller's
	if syntax || ours || strings.HasPrefix(err.Error(), "xml: ") {
		return &BrokenError{Offset: d.in.count, Sample: d.in.sample(), Err: err}
	}
	return err
}

// next is the next token within bounds. Comments and processing instructions are passed over.
func (d *decoder) next() (xml.Token, error) {
	for {
		d.in.next()
		t, err := d.xml.Token()
		if err != nil {
			return nil, err
		}
		switch t.(type) {
		case xml.StartElement:
			d.depth++
			d.elements++
		case xml.EndElement:
			d.depth--
		case xml.Directive:
			return nil, errDoctype
		case xml.Comment, xml.ProcInst:
			continue
		}
		switch {
		case d.depth > maxDepth:
			return nil, errDepth
		case d.elements > maxElements:
			return nil, errElements
		case d.withinRecord && (d.in.count > d.bytesEnd || d.elements > d.elementsEnd):
			return nil, errRecord
		}
		return t, nil
	}
}

// root reads to the first element.
func (d *decoder) root() (string, error) {
	for {
		t, err := d.next()
		if err != nil {
			return "", err
		}
		if start, ok := t.(xml.StartElement); ok {
			return strings.ToLower(start.Name.Local), nil
		}
	}
}

// end reads on to the end of the input: whatever follows the root means that the answer is not what it seems.
func (d *decoder) end() error {
	for {
		t, err := d.next()
		if err == io.EOF { //nolint:errorlint // inside another error it is no end
			return nil
		}
		if err != nil {
			return err
		}
		if text, ok := t.(xml.CharData); !ok || len(strings.TrimSpace(string(text))) > 0 {
			return errTrailing
		}
	}
}

// children calls f inside each child of the current element, with its name in lower case, and ends after the element's own
// end. f has to read to the end of the child.
func (d *decoder) children(f func(name string) error) error {
	for {
		t, err := d.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			d.attrs = t.Attr
			if err := f(strings.ToLower(t.Name.Local)); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// each calls f inside each child of the name and skips the others.
func (d *decoder) each(name string, f func() error) error {
	return d.children(func(got string) error {
		if got != name {
			return d.skip()
		}
		return f()
	})
}

// skip reads to the end of the current element.
func (d *decoder) skip() error {
	for end := d.depth - 1; d.depth > end; {
		if _, err := d.next(); err != nil {
			return err
		}
	}
	return nil
}

// status reads ResponseStatus.
func (d *decoder) status() error {
	return d.children(func(name string) error {
		switch name {
		case "status":
			s, err := d.text()
			// Two are documented; a reply that repeats itself must not grow.
			if err == nil && len(d.env.Statuses) < 2 {
				d.env.Statuses = append(d.env.Statuses, s)
			}
			return err
		case "timestamp":
			var err error
			d.env.TimeStamp, err = d.text()
			return err
		}
		return d.skip()
	})
}

// text reads the text of the current element, without the elements in it.
func (d *decoder) text() (string, error) {
	var b strings.Builder
	for {
		t, err := d.next()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.CharData:
			if b.Len()+len(t) > maxTokenBytes {
				return "", errToken
			}
			b.Write(t)
		case xml.StartElement:
			if err := d.skip(); err != nil {
				return "", err
			}
		case xml.EndElement:
			return strings.TrimSpace(b.String()), nil
		}
	}
}

// record reads the current element into the struct that dst points to, within the bounds of one record.
func (d *decoder) record(dst any) error { return d.recordWith(dst, nil) }

// recordWith is record for an element with attributes that count.
func (d *decoder) recordWith(dst any, attrs []xml.Attr) error {
	d.unknown = nil
	d.withinRecord, d.bytesEnd, d.elementsEnd = true, d.in.count+maxRecordBytes, d.elements+maxRecordElements
	defer func() { d.withinRecord = false }()
	return d.into(reflect.ValueOf(dst).Elem(), attrs, "")
}

// into reads the current element into a struct. path is where it stands below the record.
func (d *decoder) into(dst reflect.Value, attrs []xml.Attr, path string) error {
	s := shapeOf(dst.Type())
	for _, a := range attrs {
		if i, ok := s.attrs[strings.ToLower(a.Name.Local)]; ok {
			dst.Field(i).SetString(strings.TrimSpace(a.Value))
		}
	}
	var text strings.Builder
	var seen uint64 // the fields that an element was for
	for {
		t, err := d.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.CharData:
			if s.text >= 0 {
				text.Write(t)
			}
		case xml.EndElement:
			if s.text >= 0 {
				dst.Field(s.text).SetString(strings.TrimSpace(text.String()))
			}
			if absent := s.always &^ seen; absent != 0 {
				dst.Field(s.missing).Set(reflect.ValueOf(namesOf(dst.Type(), absent)))
			}
			return nil
		case xml.StartElement:
			name := t.Name.Local
			i, known := s.elements[strings.ToLower(name)]
			if !known {
				d.note(path+name, strings.ToLower(name))
				err = d.skip()
			} else {
				seen |= 1 << i
				err = d.field(dst.Field(i), t.Attr, path+name+"/")
			}
			if err != nil {
				return err
			}
		}
	}
}

// field reads the current element into a field: a text, a struct, or one more of a slice of structs.
func (d *decoder) field(dst reflect.Value, attrs []xml.Attr, path string) error {
	switch dst.Kind() {
	case reflect.Slice:
		one := reflect.New(dst.Type().Elem()).Elem()
		if err := d.into(one, attrs, path); err != nil {
			return err
		}
		dst.Set(reflect.Append(dst, one))
		return nil
	case reflect.Struct:
		return d.into(dst, attrs, path)
	}
	s, err := d.text()
	// Of a repeated element the first that says something counts.
	if err == nil && dst.String() == "" {
		dst.SetString(s)
	}
	return err
}

// note remembers an unknown element of the record.
func (d *decoder) note(path, name string) {
	if opaque[name] || len(d.unknown) >= maxUnknown {
		return
	}
	if len(path) > 200 {
		path = strings.ToValidUTF8(path[:200], "")
	}
	if !slices.Contains(d.unknown, path) {
		d.unknown = append(d.unknown, path)
	}
}

// namesOf are the names of the fields whose bits are set.
func namesOf(t reflect.Type, fields uint64) (names []string) {
	for i := range t.NumField() {
		if fields&(1<<i) != 0 {
			names = append(names, t.Field(i).Name)
		}
	}
	return names
}

// shape is how a struct takes an element: the index of the field for each name, of the one for its text or -1, and which fields
// have elements that are always there, as bits, with the index of the field that takes the names of those that are not.
type shape struct {
	elements, attrs map[string]int
	text, missing   int
	always          uint64
}

var shapes sync.Map // reflect.Type to *shape

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{elements: map[string]int{}, attrs: map[string]int{}, text: -1}
	for i := range t.NumField() {
		f := t.Field(i)
		attr := f.Tag.Get("attr")
		switch wire := f.Tag.Get("wire"); {
		case wire == "-":
		case wire == "text":
			s.text = i
		case wire == "missing":
			s.missing = i
		case attr != "":
			s.attrs[attr] = i
		default:
			s.elements[strings.ToLower(f.Name)] = i
		}
		if f.Tag.Get("occurs") == "1" {
			s.always |= 1 << i
		}
	}
	shapes.Store(t, s)
	return s
}
