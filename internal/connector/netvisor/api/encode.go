package api

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Element is one element of a message, in the order in which it is sent (contract section 2): a text, or further elements.
type Element struct {
	Name string
	// Attr is the value of the attribute type; empty for none.
	Attr     string
	Text     string
	Children []Element
}

// Encode writes a message as Netvisor wants it: no XML declaration, UTF-8, the first thing is <root>. It returns an error for
// a text that XML cannot hold.
func Encode(e Element) ([]byte, error) {
	var b bytes.Buffer
	if err := encode(&b, Element{Name: "root", Children: []Element{e}}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func encode(b *bytes.Buffer, e Element) error {
	b.WriteString("<" + e.Name)
	if e.Attr != "" {
		fmt.Fprintf(b, " type=%q", e.Attr)
	}
	b.WriteByte('>')
	if !holds(e.Text) {
		return fmt.Errorf("%s: the text holds a character that XML cannot hold", e.Name)
	}
	if err := xml.EscapeText(b, []byte(e.Text)); err != nil {
		return err
	}
	for _, c := range e.Children {
		if err := encode(b, c); err != nil {
			return err
		}
	}
	b.WriteString("</" + e.Name + ">")
	return nil
}

func holds(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, forbidden)
}

// ReadWritten reads the answer to a write and gives the key of what was made; empty where nothing was, or the answer does not
// say. An error is of the same kinds as those of ReadList.
func ReadWritten(r io.Reader) (Envelope, string, error) {
	made := ""
	env, err := read(r, func(d *decoder, name string) error {
		d.env.HasData = true
		if name != "replies" {
			return d.skip()
		}
		return d.each("inserteddataidentifier", func() error {
			s, err := d.text()
			if made == "" {
				made = s
			}
			return err
		})
	})
	return env, made, err
}

// errNoReply is an answer to a write that says nothing of whether it was done.
var errNoReply = errors.New("the answer says neither OK nor FAILED")

// Certain says whether the answer to a write tells what became of it.
func (e Envelope) Certain() error {
	if len(e.Statuses) > 0 && (e.OK() || e.Failed()) {
		return nil
	}
	return errNoReply
}
